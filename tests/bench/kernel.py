"""The kernel and the registry alone."""

from __future__ import annotations

import asyncio
import time

from mcpstore import AsyncMCPStore
from mcpstore.core.context import Context
from mcpstore.core.events import CheckOk, Expired, OpenOk, Start, Timer
from mcpstore.core.lifecycle import step
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

from .result import Result

STEPS = 200_000
TOOLS = 1000
LISTS = 20_000


def steps() -> Result:
    context, _ = step(Context(), Start())
    context, _ = step(context, OpenOk(epoch=1))
    began = time.perf_counter()
    for _ in range(STEPS // 2):
        checking, _ = step(context, Expired(Timer.CHECK))
        context, _ = step(checking, CheckOk(epoch=1))
    return Result(what="kernel steps", ours=f"{STEPS / (time.perf_counter() - began):,.0f}/s")


async def lists() -> Result:
    server = ScriptedServer("a", tuple(f"tool{i}" for i in range(TOOLS)))
    entry = {"transport": {"type": "scripted", "server": "a"}}
    async with AsyncMCPStore({"mcpServers": {"a": entry}}, plugins={"scripted": ScriptedPlugin(a=server)}) as store:
        assert await store.wait_service("a", timeout=60)
        began = time.perf_counter()
        for _ in range(LISTS):
            tools = await store.list_tools()
        took = (time.perf_counter() - began) / LISTS
        assert len(tools) == TOOLS
    return Result(what=f"list_tools of {TOOLS} tools, from the cache", ours=f"{took * 1e6:.1f} us")


def measure() -> list[Result]:
    return [steps(), asyncio.run(lists())]
