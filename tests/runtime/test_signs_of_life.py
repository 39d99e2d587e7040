"""A service with any sign of life is alive, whichever methods it supports."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.errors import ServiceError
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState, ServiceSpec
from testing.loopback import Loopback

S = ServiceConnectionState
DAY = 86_400.0

OVER_THE_WIRE = {
    "knows no ping": ["--unknown", "ping"],
    "drops pings": ["--never-answer", "ping"],
    "knows only discover": ["--era", "modern"],
    "knows only discover, drops pings": ["--era", "modern", "--never-answer", "ping"],
    "answers twice, and answers to no request": ["--odd", "duplicate-ids,unknown-ids"],
}

LASTING = ["--exit-after", str(10 * DAY)]


def unknown(_params):
    return ServiceError(-32601, "not known")


@pytest.mark.timeout(600)  # all computing: a busy machine takes its time
async def test_a_service_with_any_sign_of_life_is_not_reopened_in_a_day(make_fleet):
    fleet = make_fleet(plugins={"loopback": Loopback()})
    for name, flags in OVER_THE_WIRE.items():
        fleet.supervisor.add(ServiceSpec(name=name, transport="loopback", settings={"flags": [*flags, *LASTING]}))
    only = {"ping": unknown, "tools/list": unknown}
    scripts = {
        "knows only initialize": {"answers": only},
        "knows only initialize, drops pings": {"answers": only, "silent": {"ping"}},
        "has prompts and drops pings": {"capabilities": ("prompts",), "silent": {"ping"}},
    }
    for name, script in scripts.items():
        server = fleet.add(name)
        for field, value in {"capabilities": (), **script}.items():
            setattr(server, field, value)
    names = [*OVER_THE_WIRE, *scripts]
    fleet.supervisor.start_in_order(names)
    await asyncio.sleep(DAY)
    await fleet.supervisor.bus.flush()

    for name in names:
        runner = fleet.runner(name)
        assert set(fleet.states(name)) <= {S.INITIALIZING, S.HEALTHY, S.WARNING}, name
        assert runner.ctx.connection in LIVE_STATES
        assert runner.history.success_rate == 100.0
        assert runner.uptime > DAY - 60


async def test_a_service_that_ignores_pings_delays_one_check_and_no_later_one(fleet):
    server = fleet.add("a")
    server.silent.add("ping")
    await fleet.supervisor.start("a")
    for _ in range(10):
        await fleet.supervisor.check("a")
    asked = [method for method, _ in server.connection.requests]
    assert asked.count("ping") == 1
    assert fleet.runner("a").history.response_time == 0


async def test_a_service_that_answers_neither_request_is_dead(fleet):
    server = fleet.add("a")
    server.capabilities = ()
    server.silent.update({"ping", "tools/list"})
    await fleet.supervisor.start("a")
    await fleet.until("a", S.RECONNECTING)
    assert [method for method, _ in server.connection.requests] == 3 * ["ping", "tools/list"]
