"""Networks and servers that are slow: what is merely slow is kept, what never ends is given up in time."""

from __future__ import annotations

import pytest

from network.steering import TIMING


async def test_a_slow_cable_is_a_warning_and_no_reason_to_connect_anew(world):
    await world.healthy("http", connect=10.0, handshake=30.0, check=10.0, call=30.0)
    manager = world.manager
    with world.net.slow("2kbit"):
        seen = len(manager.events)
        await manager.until("http", "warning", seen)
        assert await manager.call("http", text="x" * 100) == "x" * 100
    healed = len(manager.events)
    await manager.until("http", "healthy", healed)
    assert {event.state for event in manager.of("http", seen)} <= {"healthy", "warning"}


ENDLESS = {
    "the head drips": ["--drip-head", 2],
    "the body drips": ["--drip", 2],
    "events without an answer": ["--endless"],
    "the answer is late": ["--delay", 20],
}


async def test_an_opening_that_crawls_is_given_up_in_time_and_tried_until_it_does_not(world):
    manager = world.manager
    servers = {name: await world.serve("http", *flags) for name, flags in ENDLESS.items()}
    seen = len(manager.events)
    for name, server in servers.items():
        await world.add(name, server.url, handshake=1.0)
    began = await manager.now()
    for name, server in servers.items():
        lost = await manager.until(name, "reconnecting", seen)
        assert lost.since(began) <= TIMING.connect_timeout + 1.0 + 5.0 + TIMING.deadline_margin
        await server.end()
        await server.start()
    for name in servers:
        await manager.until(name, "healthy", seen)
        assert await manager.call(name, text="at last") == "at last"


@pytest.mark.parametrize("flags", [["--drip", 0.02], ["--drip-head", 0.02]])
async def test_what_drips_but_arrives_is_well(world, flags):
    server = await world.serve("http", *flags)
    await world.add("dripping", server.url)
    await world.manager.until("dripping", "healthy")
    assert await world.manager.call("dripping", text="drop by drop") == "drop by drop"
