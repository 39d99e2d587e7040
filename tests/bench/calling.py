"""Calls: through both stores and through FastMCP's client, on the same kind of server, in turn."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from mcpstore import AsyncMCPStore, MCPStore

from .bare import Bare
from .result import Result, paired
from .servers import fastmcp_command, light_command

ROUNDS = 9
SEQUENTIAL = 300
CONCURRENT = 640
AT_ONCE = 16


async def _sequential(call: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    for _ in range(SEQUENTIAL):
        await call()
    return (time.perf_counter() - began) / SEQUENTIAL


async def _concurrent(call: Callable[[], Awaitable[Any]]) -> float:
    async def worker() -> None:
        for _ in range(CONCURRENT // AT_ONCE):
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (time.perf_counter() - began) / CONCURRENT


async def _measure(command: list[str]) -> dict[str, list[float]]:
    """Return the seconds a call took in each round, by who made it."""
    config = {"mcpServers": {"bench": {"command": command[0], "args": command[1:]}}}
    arguments = {"text": "hello"}
    times: dict[str, list[float]] = {}
    sync = await asyncio.to_thread(MCPStore, config)
    try:
        async with (
            AsyncMCPStore(config) as store,
            Client(StdioTransport(command[0], command[1:])) as client,
            Bare(command) as bare,
        ):
            assert await store.wait_service("bench", timeout=120)
            assert await asyncio.to_thread(sync.wait_service, "bench", timeout=120)

            def in_thread() -> float:
                began = time.perf_counter()
                for _ in range(SEQUENTIAL):
                    sync.call_tool("echo", arguments)
                return (time.perf_counter() - began) / SEQUENTIAL

            who: dict[str, Any] = {"ours": store.call_tool, "theirs": client.call_tool, "bare": bare.call_tool}
            for turn in range(ROUNDS + 1):
                by_name = {"sync": await asyncio.to_thread(in_thread)}
                for name, call in who.items():
                    by_name[name] = await _sequential(partial(call, "echo", arguments))
                    by_name[f"{name}16"] = await _concurrent(partial(call, "echo", arguments))
                if turn:
                    for name, value in by_name.items():
                        times.setdefault(name, []).append(value)
    finally:
        await asyncio.to_thread(sync.close)
    return times


def _told(server: str, times: dict[str, list[float]], aims: tuple[float, float, float] | tuple[()]) -> list[Result]:
    seconds = {name: statistics.median(values) for name, values in times.items()}
    sequential, at_once, sync = aims or (None, None, None)

    def latency(name: str) -> str:
        return f"{seconds[name] * 1000:.3f} ms"

    def throughput(name: str) -> str:
        return f"{1 / seconds[name]:.0f}/s"

    return [
        Result(
            what=f"{server}: call_tool, one after the other, against fastmcp.Client (latency)",
            ours=latency("ours"), theirs=latency("theirs"),
            ratio=paired(times["ours"], times["theirs"]), aim=sequential,
        ),
        Result(
            what=f"{server}: the same with a client written by hand, which checks nothing",
            ours=latency("bare"), theirs=latency("theirs"), ratio=paired(times["bare"], times["theirs"]),
        ),
        Result(
            what=f"{server}: call_tool, {AT_ONCE} at once, against fastmcp.Client (throughput)",
            ours=throughput("ours16"), theirs=throughput("theirs16"),
            ratio=paired(times["theirs16"], times["ours16"]), aim=at_once, at_most=False,
        ),
        Result(
            what=f"{server}: the same with a client written by hand",
            ours=throughput("bare16"), theirs=throughput("theirs16"),
            ratio=paired(times["theirs16"], times["bare16"]),
        ),
        Result(
            what=f"{server}: call_tool through the sync store against fastmcp.Client (latency)",
            ours=latency("sync"), theirs=latency("theirs"),
            ratio=paired(times["sync"], times["theirs"]), aim=sync,
        ),
    ]  # fmt: skip


def measure(folder: Path) -> list[Result]:
    """Measure against a FastMCP server, and against one so light that the client is what costs."""
    heavy = asyncio.run(_measure(fastmcp_command(folder)))
    light = asyncio.run(_measure(light_command(folder)))
    return [*_told("FastMCP server", heavy, (0.70, 1.7, 0.85)), *_told("light server", light, ())]
