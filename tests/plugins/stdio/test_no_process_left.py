"""Services of a killed manager."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import anyio

from plugins.stdio.world import SERVER, World

MANAGER = """
import asyncio, sys
from contextlib import AsyncExitStack
sys.path.insert(0, sys.argv[1])
from plugins.stdio.world import World
from mcpstore_plugins.stdio.connection import connect
async def main():
    world = World(marker=sys.argv[2])
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(connect(world.settings(), world.peer()))
        print("open", flush=True)
        await asyncio.sleep(300)
asyncio.run(main())
"""


def test_every_service_receives_the_end_of_its_input(world: World):
    # No service holds a pipe of another one open, so each receives the end of its input, and well-behaved ones exit.
    world.markers.add(world.marker)
    command = [sys.executable, "-c", MANAGER, str(SERVER.parents[2]), world.marker]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as manager:
        assert manager.stdout is not None
        assert manager.stdout.readline() == b"open\n"
        assert len(world.left()) == 5
        manager.kill()
    asyncio.run(gone(world))


async def gone(world: World) -> None:
    with anyio.fail_after(20):
        while world.left():
            await asyncio.sleep(0.01)
