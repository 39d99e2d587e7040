"""One network and one manager for the tests of a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from network.net import two_machines
from network.steering import World, managing, undisturbed


@pytest.fixture(scope="module")
async def machines() -> AsyncIterator[World]:
    with two_machines() as net:
        async with managing(net) as world:
            # Once, so that everything that stays in memory is loaded before anything is counted.
            await world.healthy("http", "first")
            await world.healthy("sse", "second")
            await world.clear()
            yield world


@pytest.fixture
async def world(machines: World) -> AsyncIterator[World]:
    async with undisturbed(machines):
        yield machines
