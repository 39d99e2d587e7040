"""Opens a store with everything that the soak test needs."""

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

from .fault_injector import FaultInjector
from .load import Load
from .log_recorder import LogRecorder
from .soak import PATIENCE, Plan, Soak
from .world import QUICK, World

MONITORING = {"alerts": {"handlers": [{"type": "soak"}], "cooldown": 1}}


@asynccontextmanager
async def soaking(folder: Path, plan: Plan) -> AsyncGenerator[Soak]:
    """Open a store in a folder, with its servers, load and fault injector; close all of it at the end."""
    world = World(folder, plan.services)
    store = AsyncMCPStore(
        world.path, state_dir=world.state, timing=QUICK, monitoring_config=MONITORING, plugins={"soak": world.channel}
    )
    socket = socket_path(world.state)
    server, client = ControlServer(CommandHandler(store), socket), ControlClient(socket)
    async with world:
        with LogRecorder() as log:
            async with store:
                await _fill_pool()
                await server.start()
                await client.open()
                injector = FaultInjector(world, store, client, plan.seed)
                try:
                    load = Load(world, store, plan.seed)
                    yield Soak(plan, world, store, client, injector, load, log)
                finally:
                    injector.rest()
                    await client.close()
                    await server.stop()


async def _fill_pool() -> None:
    """Start all threads of the loop's pool at once; started one by one they would look like growth."""
    most = min(32, (os.cpu_count() or 1) + 4)
    barrier = threading.Barrier(most)
    await asyncio.gather(*(asyncio.to_thread(barrier.wait, PATIENCE) for _ in range(most)))
