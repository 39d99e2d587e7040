"""Rules: those every store has, expressions in configurations, and what is refused."""

from __future__ import annotations

import re

import pytest

from mcpstore.errors import ConfigError
from mcpstore.hooks import AlertRule, AlertScope, Inconclusive
from mcpstore.models.alert import AlertLevel
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import ServiceMetrics, ToolMetrics
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.service import ServiceStatus
from mcpstore.monitoring import MonitoringConfig
from mcpstore.monitoring.alerts import (
    Expression,
    builtin_rules,
    concerns,
    manager_fields,
    prepared,
    rules_of,
    service_fields,
)


def rule(name, **settings):
    return next(rule for rule in rules_of(MonitoringConfig(**settings)) if rule.name == name)


def fields(machine=None, tool_changes=(), **given):
    metrics = ServiceMetrics(
        **{"service_name": "a", "status": ServiceStatus.RUNNING, "connection_state": State.HEALTHY, **given}
    )
    return service_fields(metrics, machine, tool_changes)


def written(when, **more):
    return rule("x", alerts={"rules": [{"name": "x", "when": when, **more}]})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"connection_state": State.HEALTHY}, False),
        ({"connection_state": State.WARNING}, False),
        ({"connection_state": State.RECONNECTING}, True),
        ({"connection_state": State.DISCONNECTED, "reason": "exhausted"}, True),
        ({"connection_state": State.DISCONNECTED, "reason": "permanent"}, True),
        ({"connection_state": State.DISCONNECTED, "reason": "operator"}, False),
    ],
)
def test_a_service_is_down_when_it_is_lost_and_nobody_wanted_that(given, expected):
    assert rule("service_down").condition(fields(**given)) is expected


@pytest.mark.parametrize("state", [State.INITIALIZING, State.UNHEALTHY, State.UNKNOWN])
def test_whether_a_service_is_down_is_open_while_it_may_prove_well(state):
    with pytest.raises(Inconclusive):
        rule("service_down").condition(fields(connection_state=state))


@pytest.mark.parametrize(
    ("name", "settings", "wrong", "right"),
    [
        ("service_flapping", {}, {"changes": 15}, {"changes": 14}),
        ("slow_response", {}, {"response_time": 1.001}, {"response_time": 0.999}),
        (
            "slow_response",
            {"performance_monitoring": {"response_time_threshold": 3}},
            {"response_time": 3.001},
            {"response_time": 2.999},
        ),
        ("slow_response", {"tool_monitoring": {"slow_call_threshold": 2}}, {"avg_response_time": 2.1}, {}),
        ("high_error_rate", {}, {"error_rate": 0.11, "total_calls": 5}, {"error_rate": 0.1, "total_calls": 5}),
        ("high_error_rate", {}, {"error_rate": 0.5, "total_calls": 5}, {"error_rate": 1.0, "total_calls": 4}),
        (
            "high_error_rate",
            {"tool_monitoring": {"error_rate_threshold": 0.5}},
            {"error_rate": 0.51, "total_calls": 9},
            {"error_rate": 0.49, "total_calls": 9},
        ),
        ("high_cpu", {}, {"cpu_percent": 81.0}, {"cpu_percent": None}),
        ("high_cpu", {"performance_monitoring": {"cpu_threshold": 20}}, {"cpu_percent": 21.0}, {"cpu_percent": 19.0}),
        ("high_memory", {}, {"memory_bytes": 860}, {"memory_bytes": 840}),
        ("high_memory", {"performance_monitoring": {"memory_threshold": 10}}, {"memory_bytes": 110}, {}),
    ],
)
def test_thresholds_are_those_of_the_configuration(name, settings, wrong, right):
    machine = HostMetrics(timestamp=0.0, memory_total=1000)
    condition = rule(name, **settings).condition

    assert condition(fields(machine, **wrong)) is True
    assert condition(fields(machine, **right)) is False


@pytest.mark.parametrize(
    ("name", "field", "setting", "default"),
    [
        ("machine_cpu", "cpu_percent", "cpu_threshold", 80.0),
        ("machine_memory", "memory_percent", "memory_threshold", 85.0),
        ("disk_full", "disk_percent", "disk_threshold", 90.0),
    ],
)
def test_rules_about_the_machine_have_thresholds_too(name, field, setting, default):
    def of(share):
        return manager_fields(HostMetrics(timestamp=0.0, **{field: share}), services=1)

    assert rule(name).condition(of(default + 1))
    assert not rule(name).condition(of(default))
    assert rule(name, performance_monitoring={setting: 20}).condition(of(21.0))
    assert not rule(name).condition(manager_fields(None, services=0))


def test_tools_that_changed_are_told_with_what_changed():
    assert rule("tools_changed").condition(fields(tool_changes=("one", "two")))
    assert not rule("tools_changed").condition(fields())


def test_the_manager_is_degraded_when_most_fail_or_it_stood_still():
    degraded = rule("manager_degraded")

    assert degraded.condition(manager_fields(None, services=9, mass_failure=True))
    assert degraded.condition(manager_fields(None, services=9, stalled=59.0))
    assert not degraded.condition(manager_fields(None, services=9, stalled=61.0))


@pytest.mark.parametrize("status", [ServiceStatus.STARTING, ServiceStatus.STOPPING])
def test_a_service_that_somebody_restarts_is_not_down(status):
    with pytest.raises(Inconclusive):
        rule("service_down").condition(fields(connection_state=State.RECONNECTING, status=status))


def test_the_cooldown_of_the_configuration_is_that_of_every_rule_that_has_none_of_its_own():
    given = {
        "alert_cooldown": 7,
        "alerts": {"rules": [{"name": "x", "when": "true"}, {"name": "high_cpu", "cooldown": 9}]},
    }

    assert rule("service_down", **given).cooldown == rule("x", **given).cooldown == 7
    assert rule("high_cpu", **given).cooldown == 9


def test_an_expression_looks_at_what_was_measured():
    condition = written("error_rate > 0.2 && total_calls > 10 && status == 'running'").condition

    assert condition(fields(error_rate=0.3, total_calls=11)) is True
    assert condition(fields(error_rate=0.3, total_calls=10)) is False


def test_an_expression_can_look_at_every_tool():
    condition = written("tools.exists(t, t.error_rate > 0.5)").condition

    assert condition(fields(tools=(ToolMetrics(name="x", error_rate=0.6),))) is True
    assert condition(fields(tools=(ToolMetrics(name="x", error_rate=0.4),))) is False


def test_an_expression_over_what_was_not_measured_does_not_hold():
    assert written("cpu_percent > 50.0").condition(fields()) is False


def test_an_expression_that_only_the_machine_can_answer_is_about_the_machine():
    found = written("disk_percent > 50.0")

    assert found.scope is AlertScope.MANAGER
    assert concerns(found, "")
    assert not concerns(found, "a")


def test_an_expression_that_gives_no_truth_is_an_error():
    with pytest.raises(TypeError, match="rule 'x': 'total_calls' gives 0; a condition is true or false"):
        Expression("x", "total_calls")(fields())


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("error_rate >", r"rule 'x': when: line 1, column 13: mismatched input its end"),
        ("1 +* 2", r"rule 'x': when: line 1, column 4: "),
        (
            "error_rat > 0.1",
            r"rule 'x': when: column 1: there is no field 'error_rat'; did you mean 'error_rate'",
        ),
        ("a" * 1001, r"rule 'x': when: must not be longer than 1000 characters \(got 1001\)"),
        ("(" * 999, r"rule 'x': when: line 1, column "),
        ("__import__('os').system('true')", r"rule 'x': when: column 1: there is no function '__import__'"),
        ("error_rate", r"column 1: 'error_rate' is a number, and a condition is true or false; .* 'error_rate > 0'"),
        ("last_error", r"'last_error' is a text, and a condition is true or false; .* 'last_error != "),
        ("total_calls > 9 && (p95 > 1.0 || !(uptime))", r"column 36: 'uptime' is a number"),
        ("status == 'running' ? total_calls : true", r"column 23: 'total_calls' is a number"),
        ("reason == ')||(' && tools_count", r"column 21: 'tools_count' is a number"),
        ("uptime + 1 > 3.0", r"column 1: 'uptime \+ 1 > 3.0' can never be computed: float \+ int; .* write 1.0"),
        ("status > 3", r"can never be computed: the operation is not defined .* \(status is a text\)"),
        ("uptime.size() > 3", r"can never be computed: size\(\) does not accept these types"),
        ("tools.exists(t, t.error_rte > 0.5)", r"there is no field 'error_rte' there; did you mean 'error_rate'"),
    ],
)
def test_an_expression_that_cannot_be_used_is_refused_with_its_place(when, told):
    with pytest.raises(ConfigError, match=told):
        written(when)


def test_a_rule_without_a_condition_must_have_the_name_of_one_that_has():
    with pytest.raises(
        ConfigError, match="rule 'x' does not exist, so it cannot be changed, and a new rule needs a condition"
    ):
        rule("x", alerts={"rules": [{"name": "x"}]})
    with pytest.raises(ConfigError, match="did you mean 'high_cpu'"):
        rule("x", alerts={"rules": [{"name": "hihg_cpu", "level": "error"}]})
    with pytest.raises(ConfigError, match="does not exist, so it cannot be disabled; did you mean 'machine_cpu'"):
        rule("x", alerts={"rules": [{"name": "machinecpu", "enabled": False}]})


@pytest.mark.parametrize(
    "when",
    [
        "total_calls / failed_calls > 2",
        "tools[3].p95 > 3.0",
        "last_activity == null || last_error != null",
        "last_error.matches('^a|b') && !(size(tools) > 3)",
        "'running' in [status] ? p95 > 1.0 : uptime > 60.0",
        "tool_changes.exists(c, c.contains('x && y'))",
        "true",
    ],
)
def test_an_expression_that_depends_on_the_figures_is_no_fault(when):
    assert written(when).name == "x"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("{service_nam} is slow", "column 1: there is no field 'service_nam'; did you mean 'service_name'"),
        ("it takes {p95:d} s", "message: column 10: the format 'd' does not fit 'p95', which is a number"),
        ("{status:.1f}", "the format '.1f' does not fit 'status', which is a text"),
        ("{service_name.__class__}", "there is no field 'service_name.__class__'"),
        ("{disk_percent}", "there is no field 'disk_percent'"),
        ("100 %}", "message: Single '}' encountered in format string; write {{ and }} for braces"),
    ],
)
def test_a_message_that_says_what_nobody_knows_is_refused_with_its_place(message, told):
    with pytest.raises(ConfigError, match=f"rule 'x': .*{re.escape(told)}"):
        written("error_rate > 0.5", message=message)


def test_every_built_in_rule_says_what_is_known():
    assert [prepared(rule).name for rule in builtin_rules(MonitoringConfig())]


def test_a_rule_that_cannot_be_used_is_told_and_the_others_are_used():
    rules = [
        {"name": "slow", "when": "p95 > 1.0"},
        {"name": "odd", "when": "p95"},
        {"name": "high_cpu", "message": "{cpu}"},
        {"name": "many", "when": "total_calls > 9"},
    ]
    refused = []
    used = rules_of(MonitoringConfig(alerts={"rules": rules}), refuse=lambda *told: refused.append(told))

    assert {"slow", "many"} < {rule.name for rule in used}
    assert "odd" not in {rule.name for rule in used}
    assert [(number, str(error).partition(":")[0]) for number, error in refused] == [
        (1, "rule 'odd'"),
        (2, "rule 'high_cpu'"),
    ]
    assert "{cpu_percent" in next(rule for rule in used if rule.name == "high_cpu").message


def test_the_name_of_a_built_in_rule_changes_that_rule():
    changes = {
        "name": "service_down",
        "level": "critical",
        "for": 5,
        "keep": 1,
        "services": ["a*"],
        "message": "{service_name}!",
    }
    found = rule("service_down", alerts={"rules": [changes]})

    assert (found.level, found.wait, found.keep, found.services) == (AlertLevel.CRITICAL, 5, 1, ("a*",))
    assert (found.message, found.resolved) == ("{service_name}!", "")
    assert concerns(found, "ab")
    assert not concerns(found, "b")
    assert found.condition(fields(connection_state=State.RECONNECTING))


def test_rules_can_be_switched_off_one_by_one_and_together():
    one = rules_of(MonitoringConfig(alerts={"rules": [{"name": "high_cpu", "enabled": False}]}))
    none = rules_of(MonitoringConfig(alerts={"builtin": False}))

    assert "high_cpu" not in {rule.name for rule in one}
    assert none == ()


def test_rules_of_plugins_are_used_unless_they_cannot_be(caplog):
    offered = [
        AlertRule("mine", "total_calls > 5"),
        AlertRule("broken", "total_calls >"),
        AlertRule("service_down", lambda _m: True),
        AlertRule("odd", 5),
        AlertRule("wordy", lambda _m: True, message="{nonsense}"),
    ]
    found = {rule.name: rule for rule in rules_of(MonitoringConfig(), offered)}

    assert found["mine"].condition(fields(total_calls=6))
    assert not {"broken", "odd", "wordy"} & set(found)
    assert "rule 'service_down' of a plugin is not used: there is already a rule of this name" in caplog.text
    assert "rule 'broken' of a plugin is not used" in caplog.text
    assert "rule 'wordy' of a plugin is not used: rule 'wordy': message: column 1: there is no field" in caplog.text


def test_a_level_may_be_written_as_a_word():
    assert AlertRule("x", lambda _m: True, "error").level is AlertLevel.ERROR
    with pytest.raises(ValueError, match="'bad' is not a valid AlertLevel"):
        AlertRule("x", lambda _m: True, "bad")
    with pytest.raises(ValueError, match="cooldown"):
        AlertRule("x", lambda _m: True, cooldown=-1)
