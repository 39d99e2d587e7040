"""Actions of users on a fleet: start, stop, edit, read."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from mcpstore import AsyncMCPStore
from mcpstore.store.control_socket import ControlClient

from .world import HANDSHAKE, World

EXTRAS = 4
"""Maximum number of services that are added and removed."""

LATELY = timedelta(minutes=1)
"""Time range of reports; with the full history their size would grow, and the memory with it."""

Act = Callable[[random.Random], Awaitable[Any]]


class UserActions:
    """Random actions of users of a store.

    Args:
        world: The fleet.
        store: The store.
        client: Connection to the store's control socket.

    Attributes:
        acts: Weight and function of each action, by name.
    """

    def __init__(self, world: World, store: AsyncMCPStore, client: ControlClient) -> None:
        self.acts: dict[str, tuple[int, Act]] = {
            "restart": (3, self._restart),
            "stop": (3, self._stop),
            "start": (3, self._start),
            "edit": (4, self._edit),
            "look": (5, self._look),
        }
        self._world = world
        self._store = store
        self._client = client

    async def _restart(self, dice: random.Random) -> None:
        await self._store.restart_service(self._any(dice), timeout=dice.choice((0.1, 2.0)))

    async def _stop(self, dice: random.Random) -> None:
        await self._store.stop_service(self._any(dice), force=dice.random() < 0.3, persist=dice.random() < 0.5)

    async def _start(self, dice: random.Random) -> None:
        await self._store.start_service(self._any(dice), timeout=dice.choice((0.1, 2.0)))

    async def _edit(self, dice: random.Random) -> None:
        world = self._world
        entries = world.read()
        extras = sorted(entries.keys() - world.entries.keys())
        match dice.randrange(6):
            case 0:
                entries[dice.choice(world.names("steady"))] = world.local(*dice.choice(((), ("group",), ("session",))))
            case 1:
                name = self._any(dice)
                entries[name] = {
                    **entries.get(name, world.entries[name]),
                    "mcpstore": {**HANDSHAKE, "restart": "always"},
                }
            case 2:
                entries[f"new{dice.randrange(1 << 32):08x}"] = world.local()  # a new name each time
                for extra in extras[EXTRAS:]:
                    entries.pop(extra)
            case 3 if extras:
                entries.pop(dice.choice(extras))
            case 4:
                entries.pop(self._any(dice), None)
            case _:
                world.path.write_text('{"mcpServers": {"half')  # a file that is only partly written
                await asyncio.sleep(dice.uniform(0, 0.3))
        world.write(entries)

    async def _look(self, dice: random.Random) -> None:
        store, name = self._store, self._any(dice)
        looks: list[Callable[[], Awaitable[Any]]] = [
            lambda: store.report(dice.choice(("text", "markdown", "html", "json")), since=LATELY),
            lambda: store.export(dice.choice(("json", "csv")), since=LATELY),
            lambda: store.diagnose(name),
            lambda: store.check_services(name),
            lambda: store.recover(name, timeout=2.0),
            lambda: store.get_service_logs(name),
            lambda: self._client.ask("info", {"name": name}),
            lambda: self._client.ask("overview", {}),
            lambda: self._client.ask("alert_history", {}),
        ]
        await dice.choice(looks)()

    def _any(self, dice: random.Random) -> str:
        return dice.choice(list(self._world.kinds))
