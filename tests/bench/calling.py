"""Calls: through both stores and through FastMCP's client, on the same kind of server, in turn."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from mcpstore import AsyncMCPStore, MCPStore

from .result import Result, paired
from .servers import fastmcp_command

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


async def _measure(folder: Path) -> list[Result]:
    command, *args = fastmcp_command(folder)
    config = {"mcpServers": {"bench": {"command": command, "args": args}}}
    arguments = {"text": "hello"}
    times: dict[str, list[float]] = {name: [] for name in ("ours", "theirs", "ours16", "theirs16", "sync")}
    sync = await asyncio.to_thread(MCPStore, config)
    try:
        async with AsyncMCPStore(config) as store, Client(StdioTransport(command, args)) as client:
            assert await store.wait_service("bench", timeout=120)
            assert await asyncio.to_thread(sync.wait_service, "bench", timeout=120)

            def in_thread() -> float:
                began = time.perf_counter()
                for _ in range(SEQUENTIAL):
                    sync.call_tool("echo", arguments)
                return (time.perf_counter() - began) / SEQUENTIAL

            for turn in range(ROUNDS + 1):
                found = {
                    "ours": await _sequential(lambda: store.call_tool("echo", arguments)),
                    "theirs": await _sequential(lambda: client.call_tool("echo", arguments)),
                    "sync": await asyncio.to_thread(in_thread),
                    "ours16": await _concurrent(lambda: store.call_tool("echo", arguments)),
                    "theirs16": await _concurrent(lambda: client.call_tool("echo", arguments)),
                }
                if turn:
                    for name, value in found.items():
                        times[name].append(value)
    finally:
        await asyncio.to_thread(sync.close)
    ms = {name: statistics.median(values) * 1000 for name, values in times.items()}
    return [
        Result(
            what="call_tool, one after the other, against fastmcp.Client (latency)",
            ours=f"{ms['ours']:.3f} ms", theirs=f"{ms['theirs']:.3f} ms",
            ratio=paired(times["ours"], times["theirs"]), aim=0.70,
        ),
        Result(
            what=f"call_tool, {AT_ONCE} at once (throughput)",
            ours=f"{1000 / ms['ours16']:.0f}/s", theirs=f"{1000 / ms['theirs16']:.0f}/s",
            ratio=paired(times["theirs16"], times["ours16"]), aim=1.7, at_most=False,
        ),
        Result(
            what="call_tool through the sync store against fastmcp.Client (latency)",
            ours=f"{ms['sync']:.3f} ms", theirs=f"{ms['theirs']:.3f} ms",
            ratio=paired(times["sync"], times["theirs"]), aim=0.85,
        ),
    ]  # fmt: skip


def measure(folder: Path) -> list[Result]:
    return asyncio.run(_measure(folder))
