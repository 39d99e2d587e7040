"""Connections that are refused, or cut in the middle of something."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from network.steering import DETECTION, PATIENCE, CallFailed

BOTH = ("http", "sse")


async def test_a_server_that_is_gone_is_told_as_refused_and_comes_back_when_it_does(world):
    servers = [await world.healthy(kind) for kind in BOTH]
    manager = world.manager
    seen, began = len(manager.events), await manager.now()
    for server in servers:
        await server.end()
    for kind in BOTH:
        lost = await manager.until(kind, "reconnecting", seen)
        assert lost.since(began) <= DETECTION
        assert [event.state for event in manager.of(kind, seen)][:2] == ["unhealthy", "reconnecting"]
    healed = len(manager.events)
    for server in servers:
        await server.start()
    for kind in BOTH:
        await manager.until(kind, "healthy", healed)
        assert await manager.call(kind, text="again") == "again"


@pytest.mark.parametrize("kind", BOTH)
async def test_a_reset_costs_the_call_under_way_and_no_more_than_the_connection(world, kind):
    server = await world.healthy(kind)
    manager, seen = world.manager, len(world.manager.events)
    held = [asyncio.create_task(manager.call(kind, "hold")) for _ in range(2)]
    with anyio.fail_after(PATIENCE):
        while await manager.call(kind, "cancelled") != "0" or server_connections(world, server) < 2:
            await asyncio.sleep(0.05)
    world.net.reset(server.address)
    for call in held:
        with pytest.raises(CallFailed, match="ConnectionLost.*is unknown"):
            await call
    if kind == "sse":  # the stream of answers was the connection
        await manager.until(kind, "reconnecting", seen)
        await manager.until(kind, "healthy", seen)
    assert await manager.call(kind, text="again") == "again"
    if kind == "http":
        assert {event.state for event in manager.of(kind, seen)} <= {"healthy", "warning", "unhealthy"}


def server_connections(world, server) -> int:
    from network.net import run

    listed = run("ip", "netns", "exec", world.net.there, "ss", "-Htn", "state", "established", "src", server.address)
    return len(listed.splitlines())
