"""Continuous calls of every kind: successful, failing, too slow, and cancelled ones."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress

from mcpstore import AsyncMCPStore
from mcpstore.errors import MCPStoreError

from .world import World

PAUSE = 0.05
"""Average time between two calls of one caller, in seconds."""

BIG = 1 << 16


class Load:
    """Concurrent callers that run during a piece of work.

    Args:
        world: The fleet.
        store: The store.
        seed: Seed of all random decisions.
        callers: Number of concurrent callers.

    Attributes:
        done: Number of calls by outcome.
        wrong: Wrong results; there must be none.
    """

    def __init__(self, world: World, store: AsyncMCPStore, seed: int, callers: int = 4) -> None:
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._world = world
        self._store = store
        self._dice = [random.Random(f"{seed}/caller/{n}") for n in range(callers)]

    async def during(self, work: asyncio.Task[None]) -> None:
        """Call tools until a task is done."""
        async with asyncio.TaskGroup() as group:
            callers = [group.create_task(self._call_on(dice)) for dice in self._dice]
            await asyncio.wait([work])
            for caller in callers:
                caller.cancel()

    async def _call_on(self, dice: random.Random) -> None:
        while True:
            try:
                self.done[await self._call(dice)] += 1
            except MCPStoreError as error:
                self.done[type(error).__name__] += 1
            await asyncio.sleep(dice.uniform(0, 2 * PAUSE))

    async def _call(self, dice: random.Random) -> str:
        store, name = self._store, dice.choice(list(self._world.kinds))
        match dice.randrange(8):
            case 0:
                await store.call_tool("refuse", service=name)
            case 1:
                await store.call_tool("hold", service=name, timeout=0.1)
            case 2:
                with suppress(TimeoutError):
                    async with asyncio.timeout(dice.uniform(0, 0.1)):
                        await store.call_tool("hold", service=name, timeout=10.0)
                return "cancelled"
            case 3:
                await store.call_tool("big", {"size": BIG}, service=name, timeout=5.0)
            case _:
                text = f"{dice.random()}"
                result = await store.call_tool("echo", {"text": text}, service=name, timeout=5.0)
                if result.text != text:
                    self.wrong.append(f"{name}: {result.text[:80]!r} instead of {text!r}")
        return "answered"
