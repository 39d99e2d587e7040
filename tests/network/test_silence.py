"""Connections of which nobody says that they are over: who notices it, in which time, and what brings them back."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from network.steering import DETECTION, PATIENCE, TIMING, CallFailed

BOTH = ("http", "sse")


async def test_a_half_open_connection_is_noticed_in_time_and_comes_back_with_the_network(world):
    servers = [await world.healthy(kind) for kind in BOTH]
    manager = world.manager
    with world.net.half_open(servers[0].address), world.net.half_open(servers[1].address):
        seen, began = len(manager.events), await manager.now()
        for kind in BOTH:
            lost = await manager.until(kind, "reconnecting", seen)
            assert [event.state for event in manager.of(kind, seen)][:2] == ["unhealthy", "reconnecting"]
            assert lost.since(began) <= DETECTION
            with pytest.raises(CallFailed, match="ServiceUnavailable"):
                await manager.call(kind, text="x")
    healed = len(manager.events)
    for kind in BOTH:
        await manager.until(kind, "healthy", healed)
        assert await manager.call(kind, text="again") == "again"


async def test_a_call_over_a_half_open_connection_ends_and_says_that_the_outcome_is_unknown(world):
    server = await world.healthy("http")
    with world.net.half_open(server.address):
        began = await world.manager.now()
        with pytest.raises(CallFailed, match=r"was not sent|unknown|CallTimeout"):
            await world.manager.call("http", "hold")
        at, late = world.manager.last
        assert (at - began[0]) - (late - began[1]) <= TIMING.call_timeout + TIMING.deadline_margin


async def test_a_machine_that_lost_power_is_asked_whether_it_is_there_and_news_is_not_missed(world):
    # Nothing is sent on the stream of news, so nothing fails, and checks go another way: only asking finds out.
    server = await world.serve("http", "--change-tool", 2)
    await world.add("http", server.url)
    await world.manager.until("http", "healthy")
    world.net.forget(server.address)
    with anyio.fail_after(PATIENCE):
        while "keys" not in str(await world.manager.ask("tools", service="http")):
            await asyncio.sleep(0.1)
    assert {event.state for event in world.manager.of("http")} <= {"initializing", "healthy", "warning", "unhealthy"}


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
async def test_an_address_without_a_way_to_it_is_tried_again_until_there_is_one(world, kind):
    server = await world.healthy("http", "known")
    manager = world.manager
    with world.net.no_way(kind, server.address):
        seen, began = len(manager.events), await manager.now()
        await world.add("new", server.url)
        await manager.until("new", "reconnecting", text="cannot be reached")
        lost = await manager.until("known", "reconnecting", seen)
        assert lost.since(began) <= DETECTION
    healed = len(manager.events)
    for name in ("known", "new"):
        await manager.until(name, "healthy", healed)
        assert await manager.call(name, text="again") == "again"
