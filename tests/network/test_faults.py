"""Network failures: each is detected in time, reported with its cause, and recovered without help.

During each test, two services of the same manager must not be affected, and nothing may be left of the others
(`undisturbed`).
"""

from __future__ import annotations

import asyncio

import anyio
import pytest

from network.net import run
from network.steering import DETECTION, PATIENCE, TIMING, CallFailed

BOTH = ("http", "sse")

# --- refused, or cut in the middle of something ------------------------------------------------------------


async def test_an_exited_server_is_reported_as_refused_and_recovers_after_its_restart(world):
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
async def test_a_reset_costs_only_the_connection_and_the_call_in_flight(world, kind):
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
    if kind == "sse":  # the stream of answers is the connection
        await manager.until(kind, "reconnecting", seen)
        await manager.until(kind, "healthy", seen)
    assert await manager.call(kind, text="again") == "again"
    if kind == "http":
        assert {event.state for event in manager.of(kind, seen)} <= {"healthy", "warning", "unhealthy"}


def server_connections(world, server) -> int:
    listed = run("ip", "netns", "exec", world.net.there, "ss", "-Htn", "state", "established", "src", server.address)
    return len(listed.splitlines())


# --- no packet reports the end -----------------------------------------------------------------------------


async def test_a_half_open_connection_is_detected_in_time_and_recovers_with_the_network(world):
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


async def test_a_call_over_a_half_open_connection_fails_with_an_unknown_outcome(world):
    server = await world.healthy("http")
    with world.net.half_open(server.address):
        began = await world.manager.now()
        with pytest.raises(CallFailed, match=r"was not sent|unknown|CallTimeout"):
            await world.manager.call("http", "hold")
        at, late = world.manager.last
        assert (at - began[0]) - (late - began[1]) <= TIMING.call_timeout + TIMING.deadline_margin


async def test_a_silent_notification_stream_is_probed_and_no_notification_is_missed(world):
    # The manager sends nothing on the notification stream, so no write fails, and checks use other connections: only
    # probing the stream detects the loss.
    server = await world.serve("http", "--change-tool", 2)
    await world.add("http", server.url)
    await world.manager.until("http", "healthy")
    world.net.forget(server.address)
    with anyio.fail_after(PATIENCE):
        while "keys" not in str(await world.manager.ask("tools", service="http")):
            await asyncio.sleep(0.1)
    assert {event.state for event in world.manager.of("http")} <= {"initializing", "healthy", "warning", "unhealthy"}


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
async def test_an_unroutable_address_is_retried_until_a_route_exists(world, kind):
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


# --- slow: what merely is gets its time, what never ends is given up ------------------------------------------


async def test_a_slow_link_is_a_warning_and_causes_no_reconnect(world):
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


async def test_a_very_slow_opening_is_abandoned_in_time_and_retried_until_it_succeeds(world):
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
async def test_a_slow_but_complete_answer_is_healthy(world, flags):
    server = await world.serve("http", *flags)
    await world.add("dripping", server.url)
    await world.manager.until("dripping", "healthy")
    assert await world.manager.call("dripping", text="drop by drop") == "drop by drop"
