"""Many services: order, admission, shutdown, and faults that are our own."""

from __future__ import annotations

import asyncio
import logging

import anyio
import pytest

from mcpstore.errors import CallTimeout, CloseFailed, NotReady, ServiceNotFound
from mcpstore.models.service import Reason, ServiceConnectionState, ToolPinning
from mcpstore.runtime.admission import Admission
from mcpstore.testing.loop import FakeClock

S = ServiceConnectionState


async def test_services_start_after_those_they_depend_on(fleet):
    for name, needs in (("web", ("api",)), ("api", ("database", "auth")), ("auth", ("database",)), ("database", ())):
        fleet.add(name, depends_on=needs).open_delay = 1
    fleet.supervisor.start_in_order(["web", "api", "auth", "database"])
    assert fleet.runner("web").history.note in ("", "waiting for 'api'")
    await fleet.until("web", S.HEALTHY)
    await fleet.supervisor.bus.flush()
    order = [change.service for change in fleet.changes if change.new is S.HEALTHY]
    assert order == ["database", "auth", "api", "web"]


async def test_a_dependency_that_does_not_start_delays_its_dependents_for_at_most_a_minute(fleet, caplog):
    fleet.add("database").open_error = NotReady("no")
    fleet.add("web", depends_on=("database",))
    fleet.supervisor.start_in_order(["database", "web"])
    await fleet.until("web", S.HEALTHY)
    assert 60 <= fleet.clock.now() <= 61
    assert "service 'web' is started, but its dependency 'database' is not usable" in caplog.text


async def test_a_missing_dependency_is_logged_and_ignored(fleet, caplog):
    fleet.add("web", depends_on=("ghost",))
    fleet.supervisor.start_in_order(["web"])
    assert await fleet.supervisor.outcome("web") is True
    assert "service 'web' depends on 'ghost', which does not exist" in caplog.text


async def test_a_loss_of_a_dependency_does_not_stop_the_dependent(fleet):
    fleet.add("database")
    fleet.add("web", depends_on=("database",))
    fleet.supervisor.start_in_order(["database", "web"])
    await fleet.until("web", S.HEALTHY)
    fleet.servers["database"].die()
    await fleet.until("database", S.RECONNECTING)
    assert fleet.runner("web").ctx.connection is S.HEALTHY


async def test_shutdown_stops_dependents_first(fleet):
    fleet.add("database").close_delay = 1
    fleet.add("web", depends_on=("database",)).close_delay = 1
    fleet.supervisor.start_in_order(["database", "web"])
    await fleet.until("web", S.HEALTHY)
    await fleet.supervisor.bus.flush()
    fleet.changes.clear()
    assert await fleet.supervisor.shutdown() == []
    assert [change.service for change in fleet.changes if change.new is S.DISCONNECTED] == ["web", "database"]
    assert all(server.open_now == 0 for server in fleet.servers.values())


async def test_stopping_a_service_that_waits_for_its_dependency_cancels_its_start(fleet):
    fleet.add("database").open_error = NotReady("no")
    server = fleet.add("web", depends_on=("database",))
    fleet.supervisor.start_in_order(["database", "web"])
    await asyncio.sleep(5)
    assert await fleet.supervisor.stop("web") is True
    await asyncio.sleep(600)
    assert server.opened == 0


async def test_one_hung_service_delays_none_of_the_others(fleet):
    fleet.add("hung").open_delay = 10**6
    for i in range(99):
        fleet.add(f"s{i}")
    fleet.supervisor.start_in_order([spec.name for spec in fleet.registry.specs()])
    for i in range(99):
        await fleet.until(f"s{i}", S.HEALTHY, 10)
    assert fleet.clock.now() < 10


async def test_a_thousand_losses_at_once_lead_to_few_openings_at_once(fleet):
    for i in range(1000):
        fleet.add(f"s{i}")
    fleet.supervisor.start_in_order([f"s{i}" for i in range(1000)])
    for i in range(1000):
        await fleet.until(f"s{i}", S.HEALTHY)
    most = 0
    for server in fleet.servers.values():
        server.open_delay = 0.5
        server.die()
    began = fleet.clock.now()
    while any(not runner.is_live for runner in fleet.supervisor.runners()):
        most = max(most, sum(server.open_now for server in fleet.servers.values()))
        await asyncio.sleep(0.25)
    assert most <= 16
    assert fleet.clock.now() - began <= 120


async def test_openings_are_admitted_in_order_and_twenty_in_any_second():
    admission, clock, order = Admission(FakeClock()), FakeClock(), []

    async def one(i):
        async with admission.turn(is_local=False):
            order.append((i, clock.now()))

    await asyncio.gather(*(one(i) for i in range(60)))
    assert [i for i, _ in order] == list(range(60))
    times = [when for _, when in order]
    assert times[19] <= 0.1
    assert all(later - earlier >= 1.0 for earlier, later in zip(times, times[20:], strict=False))
    assert times[59] <= 2.1


async def test_four_local_openings_at_once_are_the_most():
    admission, now, most = Admission(FakeClock()), 0, 0

    async def one():
        nonlocal now, most
        async with admission.turn(is_local=True):
            now += 1
            most = max(most, now)
            await asyncio.sleep(1)
            now -= 1

    await asyncio.gather(*(one() for _ in range(12)))
    assert 1 <= most <= 4


async def test_when_most_services_fail_at_once_their_failures_are_ignored(fleet, caplog):
    for i in range(10):
        fleet.add(f"s{i}")
    fleet.supervisor.start_in_order([f"s{i}" for i in range(10)])
    for i in range(10):
        await fleet.until(f"s{i}", S.HEALTHY)
    await asyncio.sleep(120)
    for server in fleet.servers.values():
        server.silent.update({"ping", "tools/list"})
    await asyncio.sleep(60)
    assert "mass failure: most services failed their checks" in caplog.text
    for server in fleet.servers.values():
        server.silent.clear()
    await asyncio.sleep(60)
    assert all(runner.ctx.connection is S.HEALTHY for runner in fleet.supervisor.runners())
    assert sum(server.opened for server in fleet.servers.values()) < 20


async def test_the_mass_failure_guard_ends_after_a_while(fleet):
    for i in range(10):
        fleet.add(f"s{i}")
    fleet.supervisor.start_in_order([f"s{i}" for i in range(10)])
    for i in range(10):
        await fleet.until(f"s{i}", S.HEALTHY)
    for server in fleet.servers.values():
        server.silent.update({"ping", "tools/list"})
    await asyncio.sleep(300)
    assert all(server.opened > 1 for server in fleet.servers.values())


async def test_after_a_suspend_of_the_machine_every_service_is_checked_within_ten_seconds(fleet, caplog):
    for i in range(5):
        fleet.add(f"s{i}")
        await fleet.supervisor.start(f"s{i}")
    await asyncio.sleep(35)
    seen = {name: len(server.connection.requests) for name, server in fleet.servers.items()}
    fleet.clock.asleep = 8 * 3600
    await asyncio.sleep(11.5)
    assert all(len(server.connection.requests) > seen[name] for name, server in fleet.servers.items())
    assert "this process was stalled for 28800" in caplog.text


async def test_a_check_during_a_stall_is_no_evidence_about_the_service(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.silent.update({"ping", "tools/list"})
    checking = asyncio.create_task(fleet.supervisor.check("a"))
    await asyncio.sleep(1)
    fleet.clock.asleep = 60
    await checking
    assert fleet.runner("a").ctx.connection is S.UNKNOWN
    assert fleet.runner("a").ctx.fails == 0


async def test_a_recheck_of_a_service_in_backoff_opens_it_at_once(fleet):
    server = fleet.add("a")
    server.open_error = NotReady("not yet")
    await fleet.supervisor.start("a")
    server.open_error = None
    began = fleet.clock.now()
    await fleet.supervisor.check("a")
    assert fleet.runner("a").is_live
    assert fleet.clock.now() - began < 0.4


async def test_survivors_of_a_close_are_closed_again_and_block_every_opening(fleet):
    server, reaped = fleet.add("a"), []

    async def reap():
        reaped.append(fleet.clock.now())
        if len(reaped) < 2:
            raise CloseFailed("2 processes survived", (1, 2), reap)

    await fleet.supervisor.start("a")
    server.close_error = CloseFailed("3 processes survived", (1, 2, 3), reap)
    restart = asyncio.create_task(fleet.supervisor.restart("a"))
    await asyncio.sleep(10)
    assert fleet.runner("a").ctx.close_failed
    assert "processes survived" in fleet.runner("a").history.error
    assert server.opened == 1
    server.close_error = None
    await restart
    await fleet.until("a", S.HEALTHY)
    assert server.opened == 2
    assert reaped[1] - reaped[0] == pytest.approx(30, abs=0.1)


async def test_a_transport_that_hangs_in_its_close_is_finally_abandoned(fleet, caplog):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.close_delay = 10**9
    assert await fleet.supervisor.stop("a") is False
    await fleet.runner("a").until(lambda: fleet.runner("a").is_parked, 200)
    assert "did not finish closing and was abandoned" in caplog.text


@pytest.mark.parametrize("delay", [12.5, 20.0, 41.9, 42.1, 50.0])
async def test_a_close_that_ends_after_its_deadline_still_counts_as_a_close(fleet, delay):
    # 7 s and a margin of 5 s until it is overdue; 30 s until it is asked for again
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.close_delay = delay
    await fleet.supervisor.restart("a", timeout=15.0)
    assert fleet.runner("a").ctx.close_failed
    server.close_delay = 0.0
    await fleet.runner("a").until(lambda: fleet.runner("a").is_live, 100)
    assert fleet.runner("a").is_live
    assert server.opened == 2


async def test_a_removed_service_is_deleted_once_nothing_of_it_is_left(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    assert await fleet.supervisor.remove("a") is True
    assert server.open_now == 0
    assert "a" not in fleet.registry
    with pytest.raises(ServiceNotFound, match="no service is called 'a'; there are no services"):
        await fleet.supervisor.start("a")


async def test_a_changed_connection_is_reopened_and_a_changed_policy_is_not(fleet):
    import attrs

    server = fleet.add("a")
    await fleet.supervisor.start("a")
    spec = fleet.registry.spec("a")
    fleet.supervisor.update(attrs.evolve(spec, description="other words"))
    await asyncio.sleep(5)
    assert server.opened == 1
    other = fleet.add("b")
    fleet.supervisor.update(attrs.evolve(spec, settings={"server": "b"}))
    await fleet.runner("a").until(lambda: fleet.runner("a").is_settled)
    assert (server.open_now, other.open_now) == (0, 1)


async def test_lists_are_read_again_when_the_service_requests_it_but_at_most_once_a_second(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.tools = ("echo", "more")
    listed = len(server.connection.requests)
    for _ in range(10_000):
        server.connection.peer.on_notification("notifications/tools/list_changed", {})
    await asyncio.sleep(3)
    assert fleet.registry.find_tool("more")
    assert len(server.connection.requests) - listed <= 3


async def test_lists_are_read_again_every_two_hours(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.tools = ("echo", "late")
    await asyncio.sleep(7300)
    assert fleet.registry.find_tool("late")


async def test_a_temporarily_failing_list_loses_no_tools(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.answers["tools/list"] = CallTimeout("busy")
    server.connection.peer.on_notification("notifications/tools/list_changed", {})
    await asyncio.sleep(3)
    assert fleet.registry.find_tool("echo")


async def test_one_invalid_tool_hides_none_of_the_others(fleet):
    server = fleet.add("a")
    server.answers["tools/list"] = {
        "tools": [{"name": "good"}, {"description": "nameless"}, "no object", {"name": 7}, {"name": "fine"}]
    }
    await fleet.supervisor.start("a")
    assert fleet.registry.tools().names() == ["good", "fine"]
    assert fleet.registry.catalog("a").unreadable == 3


async def test_every_page_of_a_list_is_read_and_a_cycle_of_pages_ends(fleet):
    server = fleet.add("a")
    pages = {"": ("one", "p2"), "p2": ("two", "p3"), "p3": ("three", "p2")}

    def page(params):
        tool, following = pages[params.get("cursor", "")]
        return {"tools": [{"name": tool}], "nextCursor": following}

    server.answers["tools/list"] = page
    await fleet.supervisor.start("a")
    assert fleet.registry.tools().names() == ["one", "two", "three"]


async def test_a_service_whose_tools_cannot_be_listed_is_not_healthy(fleet):
    server = fleet.add("a")
    server.answers["tools/list"] = {"tools": "none"}
    assert await fleet.supervisor.start("a") is False
    assert "'tools' must be a list (got str)" in fleet.runner("a").history.error


async def test_a_state_callback_that_raises_or_hangs_delays_no_other(fleet, caplog):
    heard = []

    async def bad(*_):
        raise ValueError("no")

    async def slow(*_):
        await asyncio.Event().wait()

    fleet.supervisor.bus.subscribe(bad)
    hung = fleet.supervisor.bus.subscribe(slow)
    fleet.supervisor.bus.subscribe(lambda name, old, new, metadata: heard.append((name, new)))
    fleet.add("a")
    with anyio.fail_after(5):
        await fleet.supervisor.start("a")
        await fleet.runner("a").until(lambda: len(heard) == 2, 1)
    assert "state callback raised ValueError: no" in caplog.text
    hung.cancel()


async def test_a_bug_in_our_code_does_not_end_the_supervision(fleet, caplog, monkeypatch):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    with monkeypatch.context() as patch:
        patch.setattr(fleet.registry, "withdraw", lambda _name: 1 / 0)
        with caplog.at_level(logging.ERROR):
            server.die()
            await asyncio.sleep(0.1)
    assert "please report it" in caplog.text
    await fleet.supervisor.restart("a")
    assert fleet.runner("a").ctx.connection is S.HEALTHY


async def test_a_forced_stop_skips_the_grace_periods(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    await fleet.supervisor.stop("a", force=True)
    assert server.connection.peer.closing.forced.is_set()
    assert fleet.runner("a").ctx.reason is Reason.OPERATOR


@pytest.mark.parametrize(
    ("pinning", "callable_", "message"),
    [
        (ToolPinning.OFF, ["echo", "send"], ""),
        (
            ToolPinning.WARN,
            ["echo", "send"],
            "tool 'send' is not what it was: description was 'mail' and is 'mail it all'",
        ),
        (ToolPinning.BLOCK, ["echo"], "tool 'send' is not what it was and cannot be called"),
    ],
)
async def test_a_tool_that_changed_is_reported_or_withheld(fleet, caplog, pinning, callable_, message):
    server = fleet.add("a", tool_pinning=pinning)
    tools = [{"name": "echo"}, {"name": "send", "description": "mail"}]
    server.answers["tools/list"] = lambda _params: {"tools": tools}
    await fleet.supervisor.start("a")
    tools[1] = {"name": "send", "description": "mail it all"}
    for _ in range(3):
        server.connection.peer.on_notification("notifications/tools/list_changed", {})
        await asyncio.sleep(3)
    assert fleet.registry.tools().names() == callable_
    assert message in caplog.text
    assert caplog.text.count("is not what it was") == (1 if message else 0)
    server.die()
    await fleet.until("a", S.RECONNECTING)
    await fleet.until("a", S.HEALTHY)
    assert fleet.registry.tools().names() == callable_
    await fleet.supervisor.restart("a")  # which approves nothing
    assert fleet.registry.tools().names() == callable_
