"""Services with real processes are recovered, by each policy and on request."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.models.timing import DEFAULT_TIMING

SERVER = {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}
QUICK = DEFAULT_TIMING.scaled(1 / 20)


def entry(recovery):
    return {**SERVER, "mcpstore": {"recovery": recovery}}


async def kill(store, name="a"):
    pid = (await store.get_service_info(name)).pid
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        while (await store.get_service_info(name)).pid == pid and (await store.diagnose(name)).run_status == "running":
            await asyncio.sleep(0.01)
    return pid


@pytest.mark.parametrize(
    "recovery",
    ["backoff", {"type": "fixed", "delay": 0.1}, "reregister", {"type": "reregister", "delay": 0.1, "every": 2}],
    ids=str,
)
async def test_a_killed_server_is_reopened_under_each_policy(recovery):
    async with AsyncMCPStore({"mcpServers": {"a": entry(recovery)}}, timing=QUICK) as store:
        assert await store.wait_service("a", timeout=60)
        for _ in range(2):
            before = await kill(store)
            assert await store.wait_service("a", timeout=60), await store.diagnose("a")
            assert (await store.get_service_info("a")).pid != before
        assert (await store.call_tool("greet")).text == "Hello, world!"


async def test_the_manual_policy_leaves_a_killed_server_until_an_operator_recovers_it():
    async with AsyncMCPStore({"mcpServers": {"a": entry("manual")}}, timing=QUICK) as store:
        assert await store.wait_service("a", timeout=60)
        await kill(store)
        assert await store.wait_service("a", "disconnected", timeout=60)
        diagnosis = await store.diagnose("a")
        assert any("SIGKILL" in line for line in diagnosis.evidence)
        assert diagnosis.next_retry_time is None
        assert await store.recover("a")
        assert (await store.call_tool("greet")).text == "Hello, world!"


async def test_a_server_that_crashes_at_once_is_given_up_after_its_limit():
    crashing = {
        "command": sys.executable,
        "args": ["-c", "import sys; sys.exit('no licence key')"],
        "mcpstore": {"recovery": {"type": "fixed", "delay": 0.05, "max_attempts": 2, "window": 600}},
    }
    async with AsyncMCPStore({"mcpServers": {"a": crashing}}, timing=QUICK) as store:
        assert await store.wait_service("a", "error", timeout=60)
        assert await store.wait_service("a", "disconnected", timeout=60)
        diagnosis = await store.diagnose("a")
        assert "given up: 2 attempts within 600 s failed" in diagnosis.error
        assert (diagnosis.exit_code, diagnosis.stderr[-1]) == (1, "no licence key")
        assert diagnosis.remedy


async def test_recover_recreates_a_service_from_the_current_entry_of_the_file(tmp_path):
    """Edit the file as on a file system without change notifications."""
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"a": {"command": "there-is-no-such-command"}}}))
    async with AsyncMCPStore(path, timing=QUICK, state_dir=tmp_path / "state") as store:
        assert await store.wait_service("a", "error", timeout=60)
        store._manager.parts.reconciler._watching.cancel()
        path.write_text(json.dumps({"mcpServers": {"a": SERVER}}))
        done = await store.recover("a")
        assert done, done
        assert done.done == ("restarted", "recreated from its stored entry")
        assert (await store.call_tool("greet")).text == "Hello, world!"


async def test_a_policy_that_reregisters_uses_the_current_entry_of_the_file(tmp_path):
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"a": {"command": "false", "mcpstore": {"recovery": "reregister"}}}}))
    async with AsyncMCPStore(path, timing=QUICK, state_dir=tmp_path / "state") as store:
        assert await store.wait_service("a", "error", timeout=60)
        store._manager.parts.reconciler._watching.cancel()
        path.write_text(json.dumps({"mcpServers": {"a": entry("reregister")}}))
        assert await store.wait_service("a", timeout=60), await store.diagnose("a")
