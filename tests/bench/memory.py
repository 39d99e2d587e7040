"""Memory of the manager, in fresh interpreters, without its servers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .result import Result
from .servers import light_command

FLEET = 20
IDLE = 1000
AIM = 45.0

MANAGER = """
import asyncio, json, sys
from mcpstore import AsyncMCPStore
command, count, idle = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

def rss():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) / 1024

async def main():
    servers = {f"s{i}": {"command": command[0], "args": command[1:]} for i in range(count)}
    servers |= {f"idle{i}": {"command": command[0], "disabled": True} for i in range(idle)}
    async with AsyncMCPStore({"mcpServers": servers}) as store:
        assert all((await store.start_all(300)).values())
        print(rss(), "fastmcp" in sys.modules, "mcp" in sys.modules)

asyncio.run(main())
"""
CLIENT = """
import asyncio, json, sys
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
command, count = json.loads(sys.argv[1]), int(sys.argv[2])

def rss():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) / 1024

async def main():
    clients = [Client(StdioTransport(command[0], command[1:])) for _ in range(count)]
    for client in clients:
        await client.__aenter__()
    print(rss())
    for client in clients:
        await client.close()

asyncio.run(main())
"""


def _run(code: str, command: list[str], count: int, idle: int = 0) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(command), str(count), str(idle)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def measure(folder: Path) -> list[Result]:
    command = light_command(folder)
    ours, *imported = _run(MANAGER, command, FLEET)
    assert imported == ["False", "False"], "a manager of stdio services must not import fastmcp or mcp"
    (theirs,) = _run(CLIENT, command, FLEET)
    more, *_ = _run(MANAGER, command, FLEET, IDLE)
    megabytes = float(ours)
    return [
        Result(
            what=f"memory of the manager with {FLEET} stdio services, in MB (aim: at most {AIM:.0f} MB)",
            ours=f"{megabytes:.1f} MB",
            theirs=f"{float(theirs):.1f} MB with fastmcp.Client",
            ratio=megabytes / AIM,
            aim=1.0,
        ),
        Result(
            what="memory per registered idle service",
            ours=f"{(float(more) - megabytes) * 1024 / IDLE:.1f} KiB",
        ),
    ]
