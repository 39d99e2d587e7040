"""A service in the hands of a runner, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.errors import CommandNotFound, ConnectionLost, NotReady, ServiceUnavailable, UnsetVariable
from mcpstore.models.service import Reason, RestartOption, ServiceConnectionState

S = ServiceConnectionState


async def test_a_service_that_opens_is_healthy_and_its_tools_can_be_found(fleet):
    fleet.add("a")
    assert await fleet.supervisor.start("a") is True
    assert fleet.registry.find_tool("echo").service == "a"
    await fleet.supervisor.bus.flush()
    assert fleet.states("a") == ["initializing", "healthy"]


async def test_a_service_that_cannot_be_opened_is_tried_again_with_growing_waits(fleet):
    server = fleet.add("a")
    server.open_error = NotReady("connection refused")
    assert await fleet.supervisor.start("a") is False
    assert fleet.runner("a").ctx.connection is S.RECONNECTING
    assert fleet.runner("a").history.error == "connection refused"
    await fleet.until("a", S.DISCONNECTED)
    assert server.opened == 10
    assert fleet.runner("a").ctx.reason is Reason.EXHAUSTED
    # ten attempts, nine waits: 1+2+4+8+16+32+60+60+60 s, each between its half and its whole
    assert 121 <= fleet.clock.now() <= 243 + 1


async def test_a_service_recovers_when_its_server_does(fleet):
    server = fleet.add("a")
    server.open_error = NotReady("connection refused")
    await fleet.supervisor.start("a")
    await fleet.until("a", S.DISCONNECTED)
    server.open_error = None
    healed_from = fleet.clock.now()
    await fleet.until("a", S.HEALTHY)
    assert fleet.clock.now() - healed_from <= 72.1  # the first cool-down: 60 s ± 20 %


async def test_a_loss_is_detected_without_a_call_and_recovered(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.die(3, "starting", "boom: out of cheese")
    await fleet.until("a", S.RECONNECTING)
    assert "exited with code 3: boom: out of cheese" in str(fleet.runner("a").history.error)
    await fleet.until("a", S.HEALTHY)
    await fleet.supervisor.bus.flush()
    assert fleet.states("a") == ["initializing", "healthy", "unhealthy", "reconnecting", "healthy"]


async def test_tools_are_withdrawn_while_the_service_is_unavailable(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.open_error = NotReady("gone")
    server.die()
    await fleet.until("a", S.RECONNECTING)
    assert len(fleet.registry.tools()) == 0
    with pytest.raises(ServiceUnavailable, match=r"'a' is reconnecting: .*next try at \d\d:\d\d:\d\d"):
        await fleet.runner("a").calls.request("tools/call", {}, timeout=1)


async def test_the_sixth_loss_in_ten_minutes_ends_in_a_cool_down(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    for _ in range(5):
        server.die()
        await fleet.until("a", S.RECONNECTING)
        await fleet.until("a", S.HEALTHY)
    server.die()
    await fleet.until("a", S.DISCONNECTED)
    assert fleet.runner("a").ctx.reason is Reason.INTENSITY


async def test_on_probation_the_next_loss_ends_the_round_at_once(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    for _ in range(6):
        server.die()
        await fleet.until("a", S.RECONNECTING if _ < 5 else S.DISCONNECTED)
        await fleet.until("a", S.HEALTHY)
    opened = server.opened
    server.die()
    await fleet.until("a", S.DISCONNECTED)
    assert server.opened == opened


async def test_an_operator_clears_the_restart_window(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    for turn in range(6):
        server.die()
        await fleet.until("a", S.RECONNECTING if turn < 5 else S.DISCONNECTED)
        if turn < 5:
            await fleet.until("a", S.HEALTHY)
    assert await fleet.supervisor.restart("a") is True
    server.die()
    await fleet.until("a", S.RECONNECTING)


async def test_a_frozen_service_is_unhealthy_within_43_s_and_reopened_within_73_s(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    await asyncio.sleep(100)  # past the spread of the first check
    server.silent.update({"ping", "tools/list"})
    frozen_at = fleet.clock.now()
    await fleet.until("a", S.UNHEALTHY)
    assert fleet.clock.now() - frozen_at <= 43 + 0.1
    await fleet.until("a", S.RECONNECTING)
    assert fleet.clock.now() - frozen_at <= 73 + 0.1


async def test_a_service_that_ignores_pings_is_never_restarted(fleet):
    server = fleet.add("a")
    server.silent.add("ping")
    await fleet.supervisor.start("a")
    await asyncio.sleep(24 * 3600)
    assert server.opened == 1
    assert fleet.runner("a").ctx.connection in (S.HEALTHY, S.WARNING)


async def test_a_slow_service_is_in_warning_and_never_restarted(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.delay = 1.5
    await fleet.until("a", S.WARNING)
    await asyncio.sleep(3600)
    assert server.opened == 1
    server.delay = 0.9  # below the threshold of entering, above the one of leaving
    await asyncio.sleep(600)
    assert fleet.runner("a").ctx.connection is S.WARNING
    server.delay = 0.1
    await fleet.until("a", S.HEALTHY, 60)


async def test_a_service_that_is_busy_with_a_call_is_not_lost(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.silent.update({"ping", "tools/list", "tools/call"})
    call = asyncio.create_task(fleet.runner("a").calls.request("tools/call", {"name": "echo"}, timeout=50))
    await fleet.until("a", S.UNKNOWN)
    assert fleet.registry.find_tool("echo").name == "echo"
    server.silent.clear()
    await asyncio.wait([call])
    call.exception()
    await fleet.until("a", S.HEALTHY)
    assert server.opened == 1


async def test_a_service_that_stays_busy_and_silent_is_finally_lost(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.silent.update({"ping", "tools/list", "tools/call"})
    call = asyncio.create_task(fleet.runner("a").calls.request("tools/call", {"name": "echo"}, timeout=None))
    await fleet.until("a", S.RECONNECTING, 300)
    with pytest.raises(ConnectionLost):
        await call


async def test_stop_cancels_an_opening_in_flight(fleet):
    server = fleet.add("a")
    server.open_delay = 20
    start = asyncio.create_task(fleet.supervisor.start("a"))
    await asyncio.sleep(1)
    assert server.open_now == 1
    assert await fleet.supervisor.stop("a") is True
    assert server.open_now == 0
    assert await start is False
    await asyncio.sleep(1000)
    assert server.opened == 1


async def test_a_stop_at_the_same_time_as_the_start_leaves_nothing(fleet):
    server = fleet.add("a")
    start = asyncio.create_task(fleet.supervisor.start("a"))
    await asyncio.sleep(0)
    assert await fleet.supervisor.stop("a") is True
    assert await start is False
    assert (server.opened, server.open_now) == (0, 0)


async def test_a_permanent_refusal_waits_half_an_hour(fleet):
    server = fleet.add("a")
    server.open_error = CommandNotFound("command 'nope' was not found")
    await fleet.supervisor.start("a")
    assert fleet.runner("a").ctx.reason is Reason.PERMANENT
    began = fleet.clock.now()
    await asyncio.sleep(1000)
    assert server.opened == 1
    await fleet.runner("a").until(lambda: server.opened == 2)
    assert 1440 <= fleet.clock.now() - began <= 2160 + 1


async def test_a_variable_without_a_value_is_reported_and_nothing_is_opened(make_fleet):
    async def prepare(_spec):
        raise UnsetVariable("GITHUB_TOKEN", "env.TOKEN")

    fleet = make_fleet(prepare=prepare)
    server = fleet.add("a")
    assert await fleet.supervisor.start("a") is False
    assert "GITHUB_TOKEN" in fleet.runner("a").history.error
    assert server.opened == 0


async def test_a_hanging_opening_is_ended_by_the_scheduler(fleet):
    server = fleet.add("a")
    server.open_delay = 10**9
    assert await fleet.supervisor.start("a") is False
    # connect 5 s + handshake 30 s + margin 5 s; then the close
    assert 40 <= fleet.clock.now() <= 48
    assert server.open_now == 0


@pytest.mark.parametrize(
    ("option", "code", "opened"),
    [
        (RestartOption.ALWAYS, 0, 2),
        (RestartOption.ON_FAILURE, 0, 1),
        (RestartOption.ON_FAILURE, 1, 2),
        (RestartOption.NEVER, 1, 1),
    ],
)
async def test_the_restart_option_decides_whether_an_exited_service_is_reopened(fleet, option, code, opened):
    server = fleet.add("a", restart=option)
    await fleet.supervisor.start("a")
    server.die(code)
    await asyncio.sleep(3600)
    assert server.opened == opened
    if opened == 1:
        assert "given up" in fleet.runner("a").history.error
        assert fleet.runner("a").ctx.connection is S.DISCONNECTED
        assert await fleet.supervisor.start("a") is True


async def test_retry_after_of_a_service_is_obeyed(fleet):
    server = fleet.add("a")
    server.open_error = NotReady("503", retry_after=50)
    await fleet.supervisor.start("a")
    began = fleet.clock.now()
    server.open_error = None
    await fleet.until("a", S.HEALTHY)
    assert fleet.clock.now() - began >= 50


async def test_secrets_do_not_reach_the_error_or_the_log(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.connection.peer.on_stderr("token is hunter2-secret")
    assert fleet.runner("a").log.last()[0].text == "token is ***"
    server.die(1, "bad token hunter2-secret")
    await fleet.until("a", S.RECONNECTING)
    assert "hunter2-secret" not in fleet.runner("a").history.error
