"""Rules are evaluated after events; each incident has one beginning, in time, and one end."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from mcpstore.hooks import AlertRule, Inconclusive
from mcpstore.models.alert import AlertKind, AlertLevel

pytestmark = pytest.mark.anyio

MINUTE = 60.0
HOUR = 3600.0


def always(name="always", **fields):
    return AlertRule(name, lambda _m: True, AlertLevel.INFO, "{service_name} is there", **fields)


def down(world, server):
    server.open_error = OSError("no route")
    server.die()


async def test_a_service_that_is_down_is_told_after_a_minute_and_its_return_too(watch):
    world = await watch()
    (server,) = await world.start("a")
    began = world.fleet.clock.now()

    down(world, server)
    await world.until(lambda: world.person.received)

    assert 60 <= world.fleet.clock.now() - began < 65
    (fired,) = world.person.heard
    assert (fired.rule_name, fired.service, fired.level) == ("service_down", "a", AlertLevel.ERROR)
    assert "service a is down: " in fired.message
    assert fired.metrics["connection_state"] == "reconnecting"
    assert world.alarm.active == [fired]

    server.open_error = None
    await world.until(lambda: len(world.person.received) == 2)
    over = world.person.heard[1]

    assert (over.kind, over.incident, over.began) == (AlertKind.RESOLVED, fired.incident, fired.began)
    assert over.message.startswith("service a is back after ")
    assert world.alarm.active == []


async def test_a_hiccup_is_told_to_nobody(watch):
    world = await watch()
    (server,) = await world.start("a")

    server.die()
    await asyncio.sleep(10 * MINUTE)

    assert world.person.received == []


async def test_a_service_that_gave_up_is_told_at_once(watch):
    world = await watch()
    (server,) = await world.start("a")
    from mcpstore.errors import ConfigError

    server.open_error = ConfigError("the entry is wrong")
    server.die()
    await world.until(lambda: world.person.received)

    assert world.fleet.clock.now() < 15
    assert world.person.received == [("service_down", "a", "fired")]


async def test_a_service_somebody_stops_is_not_down_any_longer(watch):
    world = await watch()
    (server,) = await world.start("a")
    down(world, server)
    await world.until(lambda: world.person.received)

    await world.fleet.supervisor.stop("a")
    await world.until(lambda: len(world.person.received) == 2, 10)

    assert world.person.received[1] == ("service_down", "a", "resolved")


async def test_a_service_that_is_removed_leaves_no_alert_behind(watch):
    world = await watch()
    (server,) = await world.start("a")
    down(world, server)
    await world.until(lambda: world.person.received)

    await world.fleet.supervisor.remove("a")
    await world.until(lambda: len(world.person.received) == 2, 10)

    assert world.alarm.active == []
    await asyncio.sleep(10 * MINUTE)
    assert all(service != "a" for _, service in world.alarm._instances)


async def test_every_service_has_a_cool_down_of_its_own(watch):
    world = await watch()
    servers = await world.start("a", "b")
    down(world, servers[0])
    await world.until(lambda: world.person.received)

    down(world, servers[1])
    await world.until(lambda: len(world.person.received) == 2, 2 * MINUTE)

    assert world.person.received == [("service_down", "a", "fired"), ("service_down", "b", "fired")]


async def test_trouble_that_comes_back_while_cooling_is_told_when_it_has_cooled_down(watch):
    trouble = [True]
    rule = AlertRule("odd", lambda _m: trouble[0], AlertLevel.INFO, "odd", cooldown=600, keep=1)
    world = await watch(offered=[rule])
    await world.start("a")
    await world.until(lambda: world.person.received)
    first = world.fleet.clock.now()
    trouble[0] = False
    await world.until(lambda: len(world.person.received) == 2)
    trouble[0] = True

    await world.until(lambda: len(world.person.received) == 3)

    assert world.fleet.clock.now() - first == pytest.approx(600, abs=5)
    assert [kind for *_, kind in world.person.received] == ["fired", "resolved", "fired"]


async def test_people_who_want_it_are_reminded_after_each_cool_down(watch):
    world = await watch(offered=[always(cooldown=600)], reminders=True)
    await world.start("a")

    await asyncio.sleep(HOUR + MINUTE)

    kinds = [alert.kind for alert in world.person.heard]
    assert kinds == [AlertKind.FIRED, *[AlertKind.REMINDED] * 6]
    assert len({alert.key for alert in world.person.heard}) == 7


async def test_a_rule_that_raises_costs_only_itself_and_is_told_once(watch):
    def broken(_metrics):
        raise ZeroDivisionError("oh")

    world = await watch(offered=[AlertRule("broken", broken), always()])
    await world.start("a", "b")

    await asyncio.sleep(HOUR)

    assert sorted(world.person.received) == [
        ("always", "a", "fired"), ("always", "b", "fired"), ("rule_failing", "", "fired"),
    ]  # fmt: skip
    assert any("broken: it raised ZeroDivisionError: oh" in alert.message for alert in world.person.heard)
    assert world.alarm.errors.counts["broken"] > 100


async def test_a_rule_that_cannot_tell_changes_nothing(watch):
    answers = iter([True])

    def fickle(_metrics):
        try:
            return next(answers)
        except StopIteration:
            raise Inconclusive from None

    world = await watch(offered=[AlertRule("fickle", fickle, services=("a",))])
    await world.start("a")

    await asyncio.sleep(HOUR)

    assert world.person.received == [("fickle", "a", "fired")]


async def test_a_wait_that_raises_costs_only_its_rule(watch):
    def wait(_metrics):
        raise KeyError("x")

    world = await watch(offered=[AlertRule("odd", lambda _m: True, wait=wait), always()])
    await world.start("a")
    await world.until(lambda: ("always", "a", "fired") in world.person.received)

    assert "odd" not in {rule for rule, *_ in world.person.received}


async def test_a_condition_that_keeps_the_event_loop_is_told_and_not_evaluated_any_more(watch):
    evaluated = []

    def slow(_metrics):
        evaluated.append(asyncio.get_running_loop().time())
        asyncio.get_running_loop().jump(0.3)
        return False

    world = await watch(offered=[AlertRule("slow", slow, services=("a",)), always()])
    blamed = []
    world.fleet.plugins.record_fault = lambda *fault: blamed.append(fault)
    await world.start("a")
    await asyncio.sleep(HOUR)

    assert len(evaluated) == 3
    assert blamed == [("alert rule", "slow", "kept the event loop for 0.30 s")] * 3
    assert ("always", "a", "fired") in world.person.received
    (failing,) = [alert for alert in world.person.heard if alert.rule_name == "rule_failing"]
    assert "slow: it kept the event loop for 0.30 s; a condition must return at once" in failing.message
    assert world.person.received.count(("rule_failing", "", "resolved")) == 0


async def test_a_condition_that_is_slow_now_and_then_stays_in_use(watch):
    evaluated = []

    def moody(_metrics):
        evaluated.append(asyncio.get_running_loop().time())
        if len(evaluated) % 3:
            asyncio.get_running_loop().jump(0.3)
        return False

    world = await watch(offered=[AlertRule("moody", moody, services=("a",))])
    await world.start("a")
    await asyncio.sleep(HOUR)

    assert len(evaluated) > 60


async def test_rules_that_are_exchanged_keep_what_goes_on_under_those_that_stay(watch):
    world = await watch(offered=[always(), always("old")], alerts={"builtin": False})
    await world.start("a")
    await world.until(lambda: len(world.person.received) == 2)
    before = {alert.rule_name: alert.incident for alert in world.alarm.active}

    other = always("always", services=("a",), cooldown=1)
    await world.alarm.reconfigure([other, always("new")], [world.person.line()], reminders=False)
    await world.until(lambda: len(world.person.received) == 4)

    assert sorted(world.person.received[2:]) == [("new", "a", "fired"), ("old", "a", "resolved")]
    assert {alert.rule_name: alert.incident for alert in world.alarm.active}["always"] == before["always"]
    await asyncio.sleep(HOUR)
    assert len(world.person.received) == 4


async def test_an_expression_of_the_configuration_is_a_rule(watch):
    world = await watch(
        alerts={"rules": [{"name": "old", "when": "uptime > 600.0", "message": "{service_name} runs {uptime:.0f} s"}]}
    )
    await world.start("a")
    await world.until(lambda: world.person.received)

    assert 600 < world.fleet.clock.now() < 700
    assert world.person.heard[0].message.startswith("a runs 6")


async def test_more_than_five_at_once_are_told_as_one(watch):
    world = await watch(offered=[always()])
    await world.start(*(f"s{n}" for n in range(20)))
    await asyncio.sleep(MINUTE)

    (group,) = world.person.heard
    assert group.rule_name == "several"
    assert len(group.alerts) == 20
    assert group.message.startswith("20 alerts at once:\n- s")
    assert len(world.alarm.active) == 20


async def test_five_are_told_one_by_one_and_the_others_as_one(watch):
    world = await watch(offered=[always()])
    for number in range(12):
        await world.start(f"s{number}")
        await asyncio.sleep(1.5)
    await asyncio.sleep(MINUTE)

    assert [len(alert.alerts) for alert in world.person.heard[:5]] == [0] * 5
    assert sum(len(alert.alerts) or 1 for alert in world.person.heard) == 12
    assert any(alert.alerts for alert in world.person.heard)


async def test_plugins_and_callbacks_hear_of_alerts(watch):
    world = await watch()
    heard = []
    subscription = world.alarm.subscriptions.subscribe(heard.append)

    async def slow(alert):
        raise RuntimeError("no")

    failing = world.alarm.subscriptions.subscribe(slow)
    (server,) = await world.start("a")
    down(world, server)
    await world.until(lambda: world.person.received)
    server.open_error = None
    await world.until(lambda: len(world.person.received) == 2)
    await subscription.flush()
    await world.fleet.plugins.flush()

    assert [alert.kind.value for alert in heard] == ["fired", "resolved"]
    assert world.notices.heard == [("fired", "a"), ("resolved", "a")]
    assert failing.failures == 2
    subscription.cancel()
    subscription.cancel()


async def test_a_callback_must_be_a_function(watch):
    world = await watch()

    with pytest.raises(TypeError, match="callback must be callable"):
        world.alarm.subscriptions.subscribe("no function")


async def test_when_most_services_fail_at_once_the_manager_is_told_of_and_nothing_else(watch):
    world = await watch(offered=[always(wait=100)])
    servers = await world.start(*(f"s{n}" for n in range(8)))
    for server in servers:
        server.delay = 1000.0

    await world.until(lambda: world.person.received)

    assert world.person.received == [("manager_degraded", "", "fired")]
    assert world.person.heard[0].level is AlertLevel.CRITICAL
    for server in servers:
        server.delay = 0.0
    await world.until(lambda: ("manager_degraded", "", "resolved") in world.person.received)
    await world.until(lambda: any(rule in ("always", "several") for rule, *_ in world.person.received))


async def test_a_manager_that_stood_still_is_not_relied_on(watch):
    world = await watch()
    await world.start("a")
    world.fleet.clock.asleep += 600

    await world.until(lambda: world.person.received, 2 * MINUTE)
    assert world.person.received == [("manager_degraded", "", "fired")]
    await world.until(lambda: len(world.person.received) == 2, 10 * MINUTE)


async def test_tools_that_change_are_told(watch):
    world = await watch()
    (server,) = await world.start("a")
    described = {"name": "echo", "inputSchema": {"type": "object"}, "description": "now it does something else"}
    server.answers["tools/list"] = {"tools": [described]}
    server.die()
    await world.until(lambda: world.person.received)

    assert world.person.received == [("tools_changed", "a", "fired")]
    assert "tool 'echo' is not what it was: description is new: 'now it does" in world.person.heard[0].message
    await world.until(lambda: len(world.person.received) == 2)
    assert world.alarm._inputs._tool_changes == {}


async def test_a_store_that_is_closed_ends_no_trouble(watch, tmp_path):
    world = await watch(folder=tmp_path)
    (server,) = await world.start("a")
    down(world, server)
    await world.until(lambda: world.person.received)
    await world.alarm.close()

    again = await watch(folder=tmp_path)
    assert [alert.incident for alert in again.alarm.active] == [world.person.heard[0].incident]
    await again.start("a")
    await again.until(lambda: again.person.received)

    assert again.person.received == [("service_down", "a", "resolved")]
    assert again.person.heard[0].incident == world.person.heard[0].incident


async def test_an_alert_of_a_rule_that_is_gone_is_over(watch, tmp_path):
    world = await watch(folder=tmp_path, offered=[always()])
    await world.start("a")
    await world.until(lambda: world.person.received)
    await world.alarm.close()

    again = await watch(folder=tmp_path)
    await again.until(lambda: again.person.received)

    assert again.person.received == [("always", "a", "resolved")]


async def test_months_of_flapping_leave_nothing_behind(watch):
    world = await watch(offered=[AlertRule("odd", lambda m: int(m["timestamp"] / 300) % 2, keep=1, cooldown=60)])
    await world.start("a")

    await asyncio.sleep(12 * HOUR)

    assert len(world.alarm.delivery.log.find()) > 100
    assert len(world.alarm._instances) <= 1
    assert len(world.alarm._due) <= 2
    kinds = [kind for *_, kind in world.person.received]
    assert all(one != two for one, two in itertools.pairwise(kinds))
