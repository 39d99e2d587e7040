"""When services are opened again: what policies say, and what holds whatever they say."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from pydantic import BaseModel

from mcpstore.errors import NotReady
from mcpstore.hooks import Era, Exit, GiveUp, RecoveryPolicy, Reregister, Retry, hookimpl
from mcpstore.models.service import Choice, Reason, ServiceConnectionState
from mcpstore.testing.scripted import ScriptedServer
from mcpstore_plugins import auto_recovery

S = ServiceConnectionState


class NoOptions(BaseModel, extra="forbid"):
    pass


class Saying:
    """A plugin with a policy that says what a test tells it to."""

    def __init__(self, decide):
        self.answer = decide
        self.asked = []

    def decide(self, incident, _options):
        self.asked.append(incident)
        return self.answer(incident)

    @hookimpl
    def mcpstore_recovery_policies(self):
        yield RecoveryPolicy(name="saying", config=NoOptions, decide=self.decide)


class DeadServer(ScriptedServer):
    """A server that cannot be opened, and when that was tried."""

    def __init__(self, name):
        super().__init__(name)
        self.tried = []

    @property
    def open_error(self):
        if len(self.tried) < self.opened:  # it is looked at more than once for each opening
            self.tried.append(asyncio.get_running_loop().time())
        return NotReady("not today")

    @open_error.setter
    def open_error(self, _error):
        pass


class ShortLived(list):
    """The connections of a server whose process ends so many seconds after each opening."""

    def __init__(self, life):
        self.life = life
        self.times = []

    def append(self, connection):
        super().append(connection)
        loop = asyncio.get_running_loop()
        self.times.append(loop.time())
        loop.call_later(self.life, connection.end, Exit(reason="exited with code 1", code=1))


@pytest.fixture
def make_dead(make_fleet):
    """Return a function that starts a dead service under a policy, and returns when it was tried."""

    def make(recovery, **plugins):
        fleet = make_fleet(plugins={"auto_recovery": auto_recovery, **plugins})
        server = fleet.servers["a"] = DeadServer("a")
        fleet.add("a", recovery=recovery)
        fleet.supervisor.start_in_order(["a"])
        return fleet, server.tried

    return make


def gaps(times):
    return [later - earlier for earlier, later in itertools.pairwise(times)]


async def test_the_fixed_policy_waits_for_the_configured_delay(make_dead):
    _, tried = make_dead(Choice("fixed", {"delay": 40}))
    await asyncio.sleep(350)
    assert gaps(tried) == [pytest.approx(40, abs=0.01)] * 8


@pytest.mark.parametrize("options", [{"delay": 0.001}, {"delay": 1e-9, "max_attempts": 100}])
async def test_no_fixed_delay_undercuts_the_floors(make_dead, options):
    fleet, tried = make_dead(Choice("fixed", options))
    await asyncio.sleep(86_400)
    waits = gaps(tried)
    floors = [min(60, 2**n) / 2 for n in range(9)]
    assert all(wait >= floor for wait, floor in zip(waits, floors, strict=False))
    assert waits[9] >= 48  # the least rest after a round of ten
    assert all(sum(start <= other < start + 600 for other in tried) <= 25 for start in tried)
    assert len(tried) <= 360 + 25  # a day of rests, and the burst before the first
    assert fleet.runner("a").ctx.connection in (S.DISCONNECTED, S.RECONNECTING)


@pytest.mark.parametrize("policy", ["fixed", "reregister"])
@pytest.mark.parametrize("life", [0.1, 1, 20, 89, 119, 240, 599])
async def test_no_policy_opens_a_service_that_keeps_dying_more_often_than_the_bounds_allow(make_fleet, policy, life):
    fleet = make_fleet(plugins={"auto_recovery": auto_recovery})
    server = fleet.add("a", recovery=Choice(policy, {"delay": 1e-6}))
    server.connections = ShortLived(life)
    fleet.supervisor.start_in_order(["a"])
    await asyncio.sleep(86_400)
    times = server.connections.times
    assert len(times) > 100  # it is brought back all day
    assert all(sum(start <= other < start + 600 for other in times) <= 25 for start in times)
    assert len(times) <= 720 + 25


@pytest.mark.parametrize("after", [-1, 0, float("nan"), float("inf"), "soon", None])
@pytest.mark.parametrize("record", [Retry, Reregister])
async def test_an_invalid_delay_of_a_policy_is_not_used(make_dead, record, after):
    _, tried = make_dead(Choice("saying"), saying=Saying(lambda _: record(after=after)))
    await asyncio.sleep(3600)
    assert len(tried) > 10
    assert all(wait >= floor for wait, floor in zip(gaps(tried), [0.5, 1, 2, 4, 8, 16], strict=False))


async def test_the_manual_policy_opens_a_service_only_on_request(make_dead):
    fleet, tried = make_dead(Choice("manual"))
    await asyncio.sleep(86_400)
    runner = fleet.runner("a")
    assert len(tried) == 1
    assert (runner.ctx.connection, runner.ctx.reason) == (S.DISCONNECTED, Reason.EXHAUSTED)
    assert "given up: its recovery policy is 'manual'" in runner.history.error
    assert runner.history.next_retry is None
    await fleet.supervisor.restart("a")
    assert len(tried) == 2


async def test_the_manual_policy_does_not_reopen_a_lost_service(make_fleet):
    fleet = make_fleet(plugins={"auto_recovery": auto_recovery})
    server = fleet.add("a", recovery=Choice("manual"))
    await fleet.supervisor.start("a")
    server.die()
    await asyncio.sleep(86_400)
    assert server.opened == 1
    assert await fleet.supervisor.start("a") is True


async def test_attempts_are_counted_within_the_window_and_end_at_the_limit(make_dead):
    fleet, tried = make_dead(Choice("fixed", {"delay": 40, "max_attempts": 3, "window": 600}))
    await asyncio.sleep(86_400)
    assert len(tried) == 1 + 3  # the first was asked for
    assert "given up: 3 attempts within 600 s failed" in fleet.runner("a").history.error


async def test_attempts_older_than_the_window_do_not_count(make_dead):
    _, tried = make_dead(Choice("fixed", {"delay": 40, "max_attempts": 3, "window": 60}))
    await asyncio.sleep(3600)
    assert len(tried) > 1 + 3


async def test_an_operator_resets_the_count(make_dead):
    saying = Saying(lambda incident: GiveUp(why="enough") if incident.attempts_within(1e9) >= 2 else Retry(after=1))
    fleet, tried = make_dead(Choice("saying"), saying=saying)
    await asyncio.sleep(600)
    assert [len(incident.attempts_ago) for incident in saying.asked] == [0, 1, 2]
    await fleet.supervisor.restart("a")
    await asyncio.sleep(600)
    assert [len(incident.attempts_ago) for incident in saying.asked[3:]] == [0, 1, 2]
    assert len(tried) == 6


async def test_the_newest_attempt_comes_first_and_at_most_a_hundred_are_kept(make_dead):
    saying = Saying(lambda _: Retry(after=30))
    make_dead(Choice("saying"), saying=saying)
    await asyncio.sleep(86_400)
    last = saying.asked[-1].attempts_ago
    assert len(last) == 100
    assert list(last) == sorted(last)


async def test_a_recreated_service_is_opened_like_the_first_time_from_the_newest_entry(make_fleet):
    asked = []
    fleet = make_fleet(plugins={"auto_recovery": auto_recovery}, reread=lambda: asked.append(fleet.clock.now()))
    server = fleet.add("a", recovery=Choice("reregister"))
    await fleet.supervisor.start("a")
    assert list(fleet.supervisor.eras.values()) == [Era.LEGACY]
    server.die()
    await fleet.until("a", S.RECONNECTING)
    await fleet.until("a", S.HEALTHY)
    assert len(asked) == 1
    assert server.connection.peer.era is None  # what had been learned was forgotten
    assert server.opened == 2


async def test_a_service_that_is_only_reopened_keeps_its_memory(make_fleet):
    asked = []
    fleet = make_fleet(reread=lambda: asked.append(True))
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.die()
    await fleet.until("a", S.RECONNECTING)
    await fleet.until("a", S.HEALTHY)
    assert not asked
    assert server.connection.peer.era is Era.LEGACY


async def test_recreating_a_service_resets_no_restart_budget(make_dead):
    """Counters are cleared by stability or a person, so a recreated service is opened no more often than any other."""
    fleet, tried = make_dead(Choice("reregister", {"delay": 0.001}))
    await asyncio.sleep(86_400)
    assert all(sum(start <= other < start + 600 for other in tried) <= 25 for start in tried)
    assert len(tried) <= 360 + 25  # a day of rests, and the burst before the first
    assert fleet.runner("a").ctx.failed_rounds > 1


async def test_a_recovery_hook_may_request_that_a_service_is_recreated(make_fleet):
    class Hook:
        @hookimpl
        def mcpstore_choose_recovery(self, incident):
            return Reregister(after=incident.delay)

    asked = []
    fleet = make_fleet(plugins={"hook": Hook()}, reread=lambda: asked.append(True))
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.die()
    await fleet.until("a", S.RECONNECTING)
    await fleet.until("a", S.HEALTHY)
    assert asked == [True]
