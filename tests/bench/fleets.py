"""Fleets: how long twenty servers take until all of them are usable, against starting them bare."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

from mcpstore import AsyncMCPStore

from .bare import INITIALIZE, INITIALIZED
from .result import Result, paired
from .servers import fastmcp_command, light_command

FLEET = 20
HEAVY_ROUNDS, LIGHT_ROUNDS = 3, 7
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


async def _bare_one(command: list[str]) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    for message, answered in ((INITIALIZE, True), (INITIALIZED, False), (LIST, True)):
        process.stdin.write(json.dumps(message).encode() + b"\n")
        if answered:
            await process.stdout.readline()
    return process


async def _bare(command: list[str]) -> float:
    began = time.perf_counter()
    processes: list[Any] = await asyncio.gather(*(_bare_one(command) for _ in range(FLEET)))
    took = time.perf_counter() - began
    for process in processes:
        process.stdin.close()
        await process.wait()
    return took


async def _managed(command: list[str]) -> float:
    entry = {"command": command[0], "args": command[1:]}
    config: dict[str, Any] = {"mcpServers": {f"s{i}": entry for i in range(FLEET)}}
    store = AsyncMCPStore(config, start=False)
    await store.open()
    began = time.perf_counter()
    assert all((await store.start_all(300)).values())
    took = time.perf_counter() - began
    await store.close()
    return took


async def _measure(folder: Path) -> list[Result]:
    results = []
    for what, command, rounds, aim in (
        ("FastMCP servers", fastmcp_command(folder), HEAVY_ROUNDS, 1.1),
        ("light servers", light_command(folder), LIGHT_ROUNDS, 2.0),
    ):
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(await _bare(command))
            ours.append(await _managed(command))
        results.append(
            Result(
                what=f"{FLEET} {what} until all are healthy, against starting them bare",
                ours=f"{statistics.median(ours):.2f} s",
                theirs=f"{statistics.median(theirs):.2f} s",
                ratio=paired(ours, theirs),
                aim=aim,
            )
        )
    return results


def measure(folder: Path) -> list[Result]:
    return asyncio.run(_measure(folder))
