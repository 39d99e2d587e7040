"""History survives a killed manager, and marks the time without a manager as unobserved."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from mcpstore import MCPStore
from mcpstore.models.service import ServiceConnectionState as State

MANAGER = """
import sys, time
from mcpstore import MCPStore
store = MCPStore(sys.argv[1], state_dir=sys.argv[2], monitoring_config={"check_interval": 0.5})
assert store.wait_service("a", timeout=60)
store.call_tool("greet", {"who": "you"})
print("ready", flush=True)
time.sleep(600)
"""


def samples(folder: Path, config: Path) -> int:
    with MCPStore(config, state_dir=folder, start=False) as passing:
        return sum(sample.calls for sample in passing.metrics_history("a"))


def test_a_killed_manager_leaves_its_history_and_an_unobserved_interval(tmp_path):
    config, state = tmp_path / "mcp.json", tmp_path / "state"
    entry = {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}
    config.write_text(json.dumps({"mcpServers": {"a": entry}}))
    manager = subprocess.Popen([sys.executable, "-c", MANAGER, config, state], stdout=subprocess.PIPE, text=True)
    try:
        assert manager.stdout is not None
        assert manager.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 60
        while samples(state, config) != 1:
            assert time.monotonic() < deadline
    finally:
        manager.kill()
        manager.communicate()
    with MCPStore(config, state_dir=state) as store:
        assert store.wait_service("a", timeout=60)
        states = store.state_history("a")
        assert [interval.state for interval in states] == [
            State.INITIALIZING, State.HEALTHY, State.UNKNOWN, State.INITIALIZING, State.HEALTHY,
        ]  # fmt: skip
        assert [interval.watched for interval in states] == [True, True, False, True, True]
        assert states[1].duration > 0
        assert all(before.until == after.since for before, after in pairwise(states))
        assert sum(sample.calls for sample in store.metrics_history("a")) == 1
