"""The built-in rules, with the thresholds of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mcpstore.hooks.alert import AlertRule, AlertScope, Inconclusive
from mcpstore.models.alert import AlertLevel
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceStatus
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.monitoring.alerts.fields import STALL_MEMORY
from mcpstore.monitoring.config import MonitoringConfig

__all__ = ["DEGRADED", "builtin_rules"]

DEGRADED: Final = "manager_degraded"
"""Name of the rule whose alert explains those of all services, and mutes them."""

MIN_CALLS: Final = 5
"""Number of calls below which the error rate is not evaluated."""

MAX_CHANGES: Final = 14
"""Number of state changes in ten minutes that a few failures, or one long outage, can cause."""

Fields = Mapping[str, Any]

_INTENDED: Final = (Reason.NEW.value, Reason.OPERATOR.value)
_UP: Final = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)


def builtin_rules(config: MonitoringConfig, timing: Timing = DEFAULT_TIMING) -> tuple[AlertRule, ...]:
    """Return the built-in rules.

    Args:
        config: The thresholds.
        timing: Intervals of the checks; most conditions must hold for two check intervals.
    """
    cooldown, delay = config.cooldown, 2 * timing.check_interval
    performance, tools = config.performance_monitoring, config.tool_monitoring

    def down_for(m: Fields) -> float:
        return delay if m["connection_state"] is ServiceConnectionState.RECONNECTING else 0.0

    def is_slow(m: Fields) -> bool:
        checks = (m["response_time"] or 0.0) > performance.response_time_threshold
        calls = m["avg_response_time"] > tools.slow_call_threshold
        return m["connection_state"] in _UP and bool(checks or calls)

    def fails_often(m: Fields) -> bool:
        return bool(m["total_calls"] >= MIN_CALLS and m["error_rate"] > tools.error_rate_threshold)

    def on_machine(name: str, field: str, threshold: float, text: str, wait: float = delay) -> AlertRule:
        return AlertRule(
            name,
            _above(field, threshold),
            AlertLevel.WARNING,
            f"this machine's {text}",
            cooldown,
            wait=wait,
            scope=AlertScope.MANAGER,
        )

    return (
        AlertRule(
            "service_down",
            _is_down,
            AlertLevel.ERROR,
            "service {service_name} is down: {trouble}",
            cooldown,
            wait=down_for,
            resolved="service {service_name} is back after {duration}",
        ),
        AlertRule(
            "service_flapping",
            _is_flapping,
            AlertLevel.WARNING,
            "service {service_name} changed its state {changes} times within ten minutes",
            cooldown,
            resolved="the state of service {service_name} is stable again",
        ),
        AlertRule(
            "slow_response",
            is_slow,
            AlertLevel.WARNING,
            "service {service_name} is slow: its last check took {response_time:.2f} s, "
            "calls take {avg_response_time:.2f} s",
            cooldown,
            wait=timing.check_interval,
            resolved="service {service_name} is fast again",
        ),
        AlertRule(
            "high_error_rate",
            fails_often,
            AlertLevel.WARNING,
            "{error_rate:.1%} of the calls of service {service_name} fail: {last_error}",
            cooldown,
            resolved="calls of service {service_name} succeed again",
        ),
        AlertRule(
            "tools_changed",
            lambda m: bool(m["tool_changes"]),
            AlertLevel.WARNING,
            "service {service_name} offers other tools than before: {tool_changes}",
            cooldown,
            keep=1,
            resolved="the tools of service {service_name} did not change again",
        ),
        AlertRule(
            "high_cpu",
            _above("cpu_percent", performance.cpu_threshold),
            AlertLevel.WARNING,
            "service {service_name} uses {cpu_percent:.0f} % of a processor",
            cooldown,
            wait=delay,
        ),
        AlertRule(
            "high_memory",
            _above("memory_percent", performance.memory_threshold),
            AlertLevel.WARNING,
            "service {service_name} occupies {memory_percent:.0f} % of the memory of this machine",
            cooldown,
            wait=delay,
        ),
        on_machine(
            "machine_cpu",
            "cpu_percent",
            performance.cpu_threshold,
            "processors are {cpu_percent:.0f} % busy",
            5 * delay,
        ),
        on_machine(
            "machine_memory", "memory_percent", performance.memory_threshold, "memory is {memory_percent:.0f} % full"
        ),
        on_machine(
            "disk_full", "disk_percent", performance.disk_threshold, "disk is {disk_percent:.0f} % full ({disk_path})"
        ),
        AlertRule(
            DEGRADED,
            lambda m: m["mass_failure"] or m["stalled"] < STALL_MEMORY,
            AlertLevel.CRITICAL,
            "the manager is degraded: {trouble}; alerts of services are muted until it recovers",
            cooldown,
            scope=AlertScope.MANAGER,
            resolved="the manager has recovered",
        ),
        AlertRule(
            "rule_failing",
            lambda m: bool(m["failing_rules"]),
            AlertLevel.WARNING,
            "rules cannot be evaluated: {failing_rules}",
            cooldown,
            scope=AlertScope.MANAGER,
            resolved="every rule can be evaluated again",
        ),
    )


_REQUESTED: Final = (ServiceStatus.STARTING, ServiceStatus.STOPPING)
"""Run status of a service that is opened again because of a request."""


def _is_down(m: Fields) -> bool:
    state = m["connection_state"]
    if state in _UP:
        return False
    if state is ServiceConnectionState.DISCONNECTED:
        return m["reason"] not in _INTENDED
    if state is ServiceConnectionState.RECONNECTING and m["status"] not in _REQUESTED:
        return True
    raise Inconclusive  # the service is opening, or its state is unknown


def _is_flapping(m: Fields) -> bool:
    if m["connection_state"] not in _UP:
        raise Inconclusive  # it is not known yet whether the service stays down
    return bool(m["changes"] > MAX_CHANGES)


def _above(field: str, threshold: float) -> Callable[[Fields], bool]:
    return lambda m: m[field] is not None and m[field] > threshold
