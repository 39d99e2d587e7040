"""Eight published servers from npm and PyPI, one of them over HTTP and SSE."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mcpstore import AsyncMCPStore

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

EVERYTHING = ["npx", "-y", "@modelcontextprotocol/server-everything"]


@pytest.mark.real
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not (shutil.which("npx") and shutil.which("uvx")), reason="needs npx and uvx")
async def test_eight_servers_from_the_registries(tmp_path: Path, free_tcp_port_factory, monkeypatch):
    marker = f"MCPSTORE_TEST_FLEET={tmp_path.name}"
    monkeypatch.setenv(*marker.split("="))
    files, repository = tmp_path / "files", tmp_path / "repository"
    files.mkdir()
    (files / "a.txt").write_text("hello")
    subprocess.run(["git", "init", "-q", str(repository)], check=True)  # noqa: ASYNC221
    http, sse = free_tcp_port_factory(), free_tcp_port_factory()
    remotes = [
        Remote([*EVERYTHING, "streamableHttp"], http, {"PORT": str(http)}),
        Remote([*EVERYTHING, "sse"], sse, {"PORT": str(sse)}),
    ]
    local = {
        "everything": EVERYTHING,
        "filesystem": ["npx", "-y", "@modelcontextprotocol/server-filesystem", str(files)],
        "memory": ["npx", "-y", "@modelcontextprotocol/server-memory"],
        "sequential-thinking": ["npx", "-y", "@modelcontextprotocol/server-sequential-thinking"],
        "time": ["uvx", "mcp-server-time", "--local-timezone=UTC"],
        "git": ["uvx", "mcp-server-git", "--repository", str(repository)],
        "fetch": ["uvx", "mcp-server-fetch"],
        "calculator": ["uvx", "mcp-server-calculator"],
    }
    thought = {"thought": "x", "nextThoughtNeeded": False, "thoughtNumber": 1, "totalThoughts": 1}
    calls = {
        "everything": ("echo", {"message": "hi"}, "Echo: hi"),
        "filesystem": ("list_directory", {"path": str(files)}, "a.txt"),
        "memory": ("read_graph", {}, "entities"),
        "sequential-thinking": ("sequentialthinking", thought, "thoughtNumber"),
        "time": ("get_current_time", {"timezone": "UTC"}, "UTC"),
        "git": ("git_status", {"repo_path": str(repository)}, "Repository status"),
        "calculator": ("calculate", {"expression": "6*7"}, "42"),
        "http": ("echo", {"message": "hi"}, "Echo: hi"),
        "sse": ("echo", {"message": "hi"}, "Echo: hi"),
    }
    config = tmp_path / "mcp.json"
    entries = {name: {"command": command[0], "args": command[1:]} for name, command in local.items()}
    entries["memory"]["env"] = {"MEMORY_FILE_PATH": str(tmp_path / "memory.json")}
    servers = {name: {**entry, "mcpstore": {"inherit_env": "all"}} for name, entry in entries.items()}
    servers["http"] = {"url": f"http://127.0.0.1:{http}/mcp"}
    servers["sse"] = {"url": f"http://127.0.0.1:{sse}/sse"}
    config.write_text(json.dumps({"mcpServers": servers}))
    with running(*remotes):
        async with AsyncMCPStore(config, state_dir=tmp_path / "state") as store:
            watch = Watch(store)
            await everything_comes_up(store, list(servers))
            print("\nall healthy;", len(await store.list_tools()), "tools")
            await one_call_each_works(store, calls)
            noticed = await each_kill_is_noticed_and_healed(store, watch, list(local))
            for name, took in noticed.items():
                print(f"kill -9 of {name} was noticed after {took * 1000:.1f} ms")
            for name, remote in zip(("http", "sse"), remotes, strict=True):
                await a_restart_of_a_remote_server_is_survived(store, name, remote)
            await one_call_each_works(store, calls)
    assert left_behind(marker) == []
