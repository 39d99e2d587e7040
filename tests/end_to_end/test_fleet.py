"""Eight real servers that need no download: over stdio, streamable HTTP and SSE."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.models.timing import DEFAULT_TIMING

from .fleet import (
    Remote,
    Watch,
    a_restart_of_a_remote_server_is_survived,
    each_kill_is_noticed_and_healed,
    everything_comes_up,
    left_behind,
    one_call_each_works,
    running,
)

FASTMCP = """
import sys
from fastmcp import FastMCP
server = FastMCP("real")

@server.tool
def echo(text: str) -> str:
    return text

options = {"transport": sys.argv[1]} if len(sys.argv) > 1 else {}
if options:
    options |= {"host": "127.0.0.1", "port": int(sys.argv[2]), "log_level": "ERROR"}
server.run(show_banner=False, **options)
"""


@pytest.mark.timeout(600)
async def test_eight_servers_survive_every_fault(tmp_path: Path, free_tcp_port_factory, monkeypatch):
    marker = f"MCPSTORE_TEST_FLEET={tmp_path.name}"
    monkeypatch.setenv(*marker.split("="))
    script = tmp_path / "fastmcp_server.py"
    script.write_text(FASTMCP)
    http, sse = free_tcp_port_factory(), free_tcp_port_factory()
    remotes = [
        Remote([sys.executable, str(script), "http", str(http)], http, {}),
        Remote([sys.executable, str(script), "sse", str(sse)], sse, {}),
    ]
    local = {
        **{
            f"demo{i}": {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", f"demo{i}"]}
            for i in range(4)
        },
        **{f"fast{i}": {"command": sys.executable, "args": [str(script)]} for i in range(2)},
    }
    config = tmp_path / "mcp.json"
    config.write_text(
        json.dumps(
            {
                "mcpServers": {
                    **{name: {**entry, "mcpstore": {"inherit_env": "all"}} for name, entry in local.items()},
                    "http": {"url": f"http://127.0.0.1:{http}/mcp"},
                    "sse": {"url": f"http://127.0.0.1:{sse}/sse"},
                }
            }
        )
    )
    calls = {name: ("greet", {"who": name}, f"Hello, {name}!") for name in local if name.startswith("demo")}
    calls |= {name: ("echo", {"text": name}, name) for name in ("fast0", "fast1", "http", "sse")}
    with running(*remotes):
        async with AsyncMCPStore(config, state_dir=tmp_path / "state") as store:
            watch = Watch(store)
            await everything_comes_up(store, [*local, "http", "sse"])
            await one_call_each_works(store, calls)
            noticed = await each_kill_is_noticed_and_healed(store, watch, list(local))
            for name, remote in zip(("http", "sse"), remotes, strict=True):
                await a_restart_of_a_remote_server_is_survived(store, name, remote)
            await one_call_each_works(store, calls)
            others = [name for _, name, _ in watch.seen if name in ("http", "sse")]
            assert all(took < DEFAULT_TIMING.check_interval / 3 for took in noticed.values())  # not by a check
            assert others
    assert left_behind(marker) == []
