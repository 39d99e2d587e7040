"""Start of a hundred expensive servers at once: by the manager, and by a pool with one worker for each CPU."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from mcpstore import AsyncMCPStore
from mcpstore.models.service import ServiceConnectionState
from tests.bench.bare import INITIALIZE, INITIALIZED

from .figure import Part, Work

FLEET = 100
COST = 1.5
"""CPU time that a server needs before it answers, in seconds."""

LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
SOURCE = """
import json, sys, time
while time.process_time() < float(sys.argv[1]):
    sum(range(1000))
for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request:
        continue
    result = {}
    if request["method"] == "initialize":
        server = {"name": "costly", "version": "1"}
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": server}
    elif request["method"] == "tools/list":
        result = {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"""


def fleet(work: Work) -> list[Part]:
    """Start half of the servers bare, all managed, then the other half bare, so that drift affects both."""
    script = work.folder / "costly.py"
    script.write_text(SOURCE)
    command = [sys.executable, "-S", "-E", str(script), str(COST)]
    at_once = os.cpu_count() or 1
    load, *_ = os.getloadavg()  # beside other work, more concurrent starts get a larger share of the machine
    work.say(f"{FLEET // 2} servers, {at_once} at a time, without a manager")
    bare = asyncio.run(_pool(command, FLEET // 2, at_once))
    work.say(f"{FLEET} servers, by the manager")
    took, healthy, troubles = asyncio.run(_managed(command))
    work.say(f"{FLEET - FLEET // 2} more without it")
    bare += asyncio.run(_pool(command, FLEET - FLEET // 2, at_once))
    text = f"{took:.1f} s, and {bare:.1f} s bare, on {at_once} cores; load {load:.1f} before"
    return [
        Part(what="healthy", measured=healthy, aim=FLEET, at_least=True, note=f"of {FLEET}"),
        Part(what="timeouts and other failed openings", measured=troubles, aim=0),
        Part(what="time, over that of a plain pool", measured=took / bare, aim=1.1, note=text),
    ]


async def _managed(command: list[str]) -> tuple[float, int, int]:
    """Return the seconds until all are healthy, the number of healthy ones, and the number of failed attempts."""
    entry = {"command": command[0], "args": command[1:]}
    config: dict[str, Any] = {"mcpServers": {f"s{number:03}": entry for number in range(FLEET)}}
    troubles = 0
    good = (ServiceConnectionState.INITIALIZING, ServiceConnectionState.HEALTHY)

    async def changed(_name: str, _old: Any, new: ServiceConnectionState, _metadata: Any) -> None:
        nonlocal troubles
        troubles += new not in good

    store = AsyncMCPStore(config, start=False)
    await store.open()
    watching = store.on_state_change(changed)
    began = time.perf_counter()
    usable = await store.start_all(600)
    took = time.perf_counter() - began
    watching.cancel()
    await store.close()
    return took, sum(usable.values()), troubles


async def _pool(command: list[str], count: int, at_once: int) -> float:
    """Return the seconds until every server has answered, with limited concurrency; all keep running."""
    turn = asyncio.Semaphore(at_once)

    async def one() -> Any:
        async with turn:
            return await _started(command)

    began = time.perf_counter()
    processes = await asyncio.gather(*(one() for _ in range(count)))
    took = time.perf_counter() - began
    for process in processes:
        process.stdin.close()
        await process.wait()
    return took


async def _started(command: list[str]) -> Any:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=Path.cwd())
    assert process.stdin is not None
    assert process.stdout is not None
    for message in (INITIALIZE, INITIALIZED, LIST):
        process.stdin.write(json.dumps(message).encode() + b"\n")
        if "id" in message:
            await process.stdout.readline()
    return process
