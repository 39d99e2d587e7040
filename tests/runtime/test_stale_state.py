"""The age of the proof of a state, and the expiry of a state without recent checks."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.core.events import Timer
from mcpstore.errors import CallTimeout, ServiceBusy, ServiceError
from mcpstore.models.service import Choice, ServiceConnectionState
from mcpstore.testing.scripted import ScriptedServer

S = ServiceConnectionState
INTERVAL = 30.0
TEN_CHECKS = 10 * 1.1 * INTERVAL


async def test_the_evidence_of_a_state_ages_until_the_next_check(fleet):
    server = fleet.add("a")
    assert fleet.runner("a").checks.last_verified_age is None
    await fleet.supervisor.start("a")
    runner = fleet.runner("a")
    assert runner.checks.last_verified_age < 0.1
    await asyncio.sleep(2)
    assert 2 <= runner.checks.last_verified_age < 2.1
    await fleet.supervisor.check("a")
    assert runner.checks.last_verified_age < 0.1
    server.silent.update({"ping", "tools/list"})
    await fleet.supervisor.check("a")
    assert runner.ctx.connection is S.UNHEALTHY
    assert runner.checks.last_verified_age < 0.1  # a failed check is evidence, too


async def test_an_inconclusive_check_is_no_evidence(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.silent.update({"ping", "tools/list", "tools/call"})
    runner = fleet.runner("a")
    calling = asyncio.create_task(runner.calls.request("tools/call", {}, timeout=60))
    await asyncio.sleep(1)
    await fleet.supervisor.check("a")
    assert runner.ctx.connection is S.UNKNOWN
    assert runner.checks.last_verified_age > 10
    calling.cancel()


async def test_a_suspend_of_the_machine_ages_the_evidence(fleet):
    fleet.add("a")
    await fleet.supervisor.start("a")
    fleet.clock.asleep = 8 * 3600
    assert fleet.runner("a").checks.last_verified_age >= 8 * 3600
    await asyncio.sleep(12)
    assert fleet.runner("a").checks.last_verified_age < 12


async def test_a_service_without_checks_is_unknown_within_two_intervals(fleet, monkeypatch, caplog):
    fleet.add("a")
    await fleet.supervisor.start("a")
    await asyncio.sleep(100)
    runner = fleet.runner("a")
    arm = runner._timers.arm
    monkeypatch.setattr(runner._timers, "arm", lambda timer, delay: arm(timer, None if timer is Timer.CHECK else delay))
    await fleet.supervisor.check("a")  # the last one
    began = fleet.clock.now()
    assert runner.ctx.connection is S.HEALTHY
    await fleet.until("a", S.UNKNOWN, 600)
    assert 2 * INTERVAL <= fleet.clock.now() - began <= 2.25 * INTERVAL + 0.1
    assert "no check has ended for" in caplog.text
    await fleet.until("a", S.HEALTHY, 10)


async def test_a_checked_state_never_expires(fleet, caplog):
    fleet.add("well")
    fleet.add("slow").delay = 9.5
    fleet.add("silent").silent.update({"ping"})
    for name in ("well", "slow", "silent"):
        await fleet.supervisor.start(name)
    await asyncio.sleep(4000)
    assert "no check has ended" not in caplog.text


async def test_the_state_of_a_service_with_a_retry_after_does_not_expire(fleet, caplog):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.answers["ping"] = ServiceBusy("429", retry_after=600.0)
    await fleet.supervisor.check("a")
    asked = len(server.connection.requests)
    await asyncio.sleep(590)
    assert (fleet.runner("a").ctx.connection, len(server.connection.requests)) == (S.WARNING, asked)
    assert fleet.runner("a").checks.last_verified_age > 500


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CallTimeout("no answer"), "the service answers 'ping', but 'tools/list' failed: no answer"),
        (ServiceError(-32603, "no database"), "the service answers 'ping', but 'tools/list' failed: no database"),
    ],
)
async def test_a_service_that_answers_pings_but_does_not_work_differs_from_one_that_works(fleet, answer, error):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.answers["tools/list"] = answer
    await fleet.until("a", S.WARNING, TEN_CHECKS)
    runner = fleet.runner("a")
    assert error in runner.history.last_checks[-1].error
    await asyncio.sleep(300)
    assert (runner.ctx.connection, server.opened) == (
        S.WARNING,
        1,
    )  # every check asks again, and none ends the connection
    server.answers.clear()
    await fleet.until("a", S.HEALTHY, 60)


async def test_a_functional_test_takes_the_path_of_a_call(fleet):
    server = fleet.add("a", health=Choice("call_tool", {"tool": "echo"}))
    await fleet.supervisor.start("a")
    server.silent.add("tools/call")
    await fleet.until("a", S.UNHEALTHY, 60)


class SingleThreaded(ScriptedServer):
    """Answers one request at a time."""

    turn: asyncio.Lock | None = None

    async def answer(self, method, params):
        self.turn = self.turn or asyncio.Lock()
        async with self.turn:
            if method == "tools/call":
                await asyncio.sleep(params["takes"])
            return await super().answer(method, params)


@pytest.mark.parametrize("takes", [20.0, 75.0, 120.0, 160.0])
async def test_a_long_call_of_a_single_threaded_service_is_not_interrupted(fleet, takes):
    fleet.servers["a"] = SingleThreaded("a")
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    for _ in range(5):
        await fleet.runner("a").calls.request("tools/call", {"name": "echo", "takes": takes}, timeout=300)
        await asyncio.sleep(7)
        assert fleet.runner("a").ctx.connection in (S.HEALTHY, S.WARNING)  # it was busy, and no longer is
    assert server.opened == 1


async def test_a_service_that_is_busy_for_ever_is_reopened_within_five_minutes(fleet):
    fleet.servers["a"] = SingleThreaded("a")
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    began = fleet.clock.now()
    calling = asyncio.create_task(fleet.runner("a").calls.request("tools/call", {"takes": 1e6}, timeout=1e5))
    await fleet.until("a", S.RECONNECTING, 600)
    assert 160 <= fleet.clock.now() - began <= 300
    with pytest.raises(Exception, match="closed"):
        await calling
    await fleet.until("a", S.HEALTHY, 10)
    assert server.opened == 2


async def test_an_abandoned_call_is_no_loss(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    server.silent.add("tools/call")
    for _ in range(20):
        with pytest.raises(CallTimeout):
            await fleet.runner("a").calls.request("tools/call", {}, timeout=30)
    assert (fleet.runner("a").ctx.connection, server.opened) == (S.HEALTHY, 1)
