"""A store with everything around it that a soak needs."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from mcpstore import AsyncMCPStore
from mcpstore.store.commands import CommandHandler
from mcpstore.store.control_socket import ControlClient, ControlServer
from mcpstore.store.state_dir import socket_path

from .ears import Ears
from .load import Load
from .monkey import Monkey
from .soak import PATIENCE, Plan, Soak
from .world import QUICK, World

MONITORING = {"alerts": {"handlers": [{"type": "soak"}], "cooldown": 1}}


@asynccontextmanager
async def soaking(folder: Path, plan: Plan) -> AsyncGenerator[Soak]:
    """Open a store in a folder with everything around it; in the end all of it is closed."""
    world = World(folder, plan.services)
    store = AsyncMCPStore(
        world.path, state_dir=world.state, timing=QUICK, monitoring_config=MONITORING, plugins={"soak": world.channel}
    )
    socket = socket_path(world.state)
    server, client = ControlServer(CommandHandler(store), socket), ControlClient(socket)
    async with world:
        with Ears() as ears:
            async with store:
                await _fill_pool()
                await server.start()
                await client.open()
                monkey = Monkey(world, store, client, plan.seed)
                try:
                    load = Load(world, store, plan.seed)
                    yield Soak(plan, world, store, client, monkey, load, ears)
                finally:
                    monkey.rest()
                    await client.close()
                    await server.stop()


async def _fill_pool() -> None:
    """Have the loop make all threads of its pool at once: made one by one they would look like growth."""
    most = min(32, (os.cpu_count() or 1) + 4)
    everybody = threading.Barrier(most)
    await asyncio.gather(*(asyncio.to_thread(everybody.wait, PATIENCE) for _ in range(most)))
