"""Injects random faults into a fleet, one after the other, chosen by a seed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import suppress

from mcpstore import AsyncMCPStore
from mcpstore.errors import MCPStoreError
from mcpstore.store.control_socket import ControlClient

from .user_actions import Act, UserActions
from .world import World

PATIENCE = 20.0
"""Time after which an act is abandoned, in seconds."""

AT_ONCE = 24
"""Maximum number of concurrent acts; a slow one does not delay the next ones."""


class FaultInjector:
    """Injects faults into a store, its servers and its files.

    Args:
        world: The fleet.
        store: The store.
        client: Connection to the store's control socket.
        seed: Seed of all random decisions; the same seed injects the same faults.

    Attributes:
        done: Number of acts by kind.
        refused: Number of acts that the store refused.
    """

    def __init__(self, world: World, store: AsyncMCPStore, client: ControlClient, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.refused = 0
        self._world = world
        self._store = store
        self._seed = seed
        self._frozen: dict[int, int] = {}
        self._acts: dict[str, tuple[int, Act]] = {
            "kill": (6, self._kill),
            "freeze": (3, self._freeze),
            "misbehave": (8, self._misbehave),
            "outage": (1, self._outage),
            **UserActions(world, store, client).acts,
        }

    async def play(self, acts: int, pause: float) -> None:
        """Carry out a number of acts, one in `pause` seconds on average, and wait until they end."""
        turns = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for _ in range(acts):
                number = sum(self.done.values())
                dice = random.Random(f"{self._seed}/{number}")
                names, weights = list(self._acts), [weight for weight, _ in self._acts.values()]
                (kind,) = dice.choices(names, weights)
                self.done[kind] += 1
                self._thaw(number)
                await turns.acquire()
                act = self._one(self._acts[kind][1], dice)
                group.create_task(act).add_done_callback(lambda _: turns.release())
                await asyncio.sleep(dice.uniform(0, 2 * pause))
        self.rest()

    def rest(self) -> None:
        """Resume all suspended processes."""
        self._thaw(None)

    async def _one(self, act: Act, dice: random.Random) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                try:
                    await act(dice)
                except MCPStoreError:
                    self.refused += 1

    # --- faults of processes

    async def _kill(self, dice: random.Random) -> None:
        if (pid := await self._pid(dice)) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _freeze(self, dice: random.Random) -> None:
        if (pid := await self._pid(dice)) is not None:
            with suppress(ProcessLookupError):
                held = os.pidfd_open(pid)  # a pidfd, so that no other process that reuses the process id is resumed
                self._frozen[held] = sum(self.done.values()) + dice.randrange(1, 12)
                signal.pidfd_send_signal(held, signal.SIGSTOP)

    def _thaw(self, number: int | None) -> None:
        for held in [held for held, until in self._frozen.items() if number is None or until <= number]:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(held, signal.SIGCONT)
            os.close(held)
            del self._frozen[held]

    async def _pid(self, dice: random.Random) -> int | None:
        info = await self._store.get_service_info(dice.choice(self._world.good))
        return None if info is None else info.pid

    async def _outage(self, dice: random.Random) -> None:
        remote = dice.choice(self._world.remotes)
        await remote.kill()
        await asyncio.sleep(dice.uniform(0, 1))
        await remote.start()

    # --- faults of servers

    async def _misbehave(self, dice: random.Random) -> None:
        name = dice.choice(self._world.names("steady", "parent", "dependent"))
        tool, given = dice.choice(
            (
                ("flood", {"size": 1 << 20}),
                ("noise", {"size": 500}),
                ("change", {"size": 1000}),
                ("spawn", {"kind": "session"}),
                ("spawn", {"kind": "daemon"}),
                ("exit", {"size": 7}),
                ("half", {}),
                ("mute", {}),
                ("endless", {"size": 9 << 20}),
            )
        )
        await self._store.call_tool(tool, given, service=name, timeout=2.0)
