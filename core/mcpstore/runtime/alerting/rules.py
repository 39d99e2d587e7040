"""Inputs of alert rules, and the errors of their evaluation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mcpstore.core.context import Desired
from mcpstore.errors import ServiceNotFound
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import Reason
from mcpstore.monitoring.alerts import manager_fields, service_fields
from mcpstore.plugin_manager.loaded_plugin import LOOP_STEP_LIMIT
from mcpstore.runtime.clock import Clock

if TYPE_CHECKING:
    from mcpstore.runtime.metrics_collector import MetricsCollector
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["RuleErrors", "RuleInputs"]

MAX_TOOL_CHANGES: Final = 10
"""Number of tool changes of one service that a rule receives at a time."""

MAX_SLOW: Final = 3
"""Number of consecutive slow evaluations after which a rule is disabled."""

_log = logging.getLogger("mcpstore.alerts")


class RuleInputs:
    """What the conditions of rules receive: metrics of a service, or of the manager.

    Args:
        supervisor: The services.
        collector: Their metrics.
        clock: Clock of the store.
    """

    def __init__(self, supervisor: Supervisor, collector: MetricsCollector, clock: Clock) -> None:
        self._supervisor = supervisor
        self._collector = collector
        self._clock = clock
        self._tool_changes: dict[str, tuple[float, tuple[str, ...]]] = {}

    def add_tool_changes(self, service: str, changes: Sequence[str]) -> None:
        """Add descriptions of changed tools to the inputs of a service, for two check intervals."""
        _, earlier = self._tool_changes.get(service, (0.0, ()))
        self._tool_changes[service] = (self._clock.now(), (*earlier, *changes)[-MAX_TOOL_CHANGES:])

    def forget(self, service: str) -> None:
        """Forget a service."""
        self._tool_changes.pop(service, None)

    def of_service(self, service: str) -> tuple[bool, dict[str, Any] | None]:
        """Return whether a service should run, and the inputs of its rules; None if there are no inputs now."""
        try:
            ctx = self._supervisor.runner(service).ctx
        except ServiceNotFound:
            return False, None
        if ctx.desired is not Desired.RUN:
            return ctx.reason is Reason.NEW, None  # a service that waits for its dependencies is not stopped
        metrics: ServiceMetrics = self._collector.metrics(service)
        return True, service_fields(metrics, self._collector.machine, self._changes_of(service))

    def of_manager(self, errors: Mapping[str, str]) -> dict[str, Any]:
        """Return the inputs of rules about the manager.

        Args:
            errors: Errors of rules that cannot be evaluated, by the names of the rules.
        """
        return manager_fields(
            self._collector.machine,
            services=len(self._supervisor.runners()),
            mass_failure=self._supervisor.is_mass_failure,
            stalled=self._clock.now() - self._supervisor.last_trouble,
            failing_rules=errors,
        )

    def _changes_of(self, service: str) -> tuple[str, ...]:
        when, changes = self._tool_changes.get(service, (0.0, ()))
        if changes and self._clock.now() - when > 2 * self._supervisor.timing.check_interval:
            del self._tool_changes[service]
            return ()
        return changes


class RuleErrors:
    """Rules that raise, and rules that block the event loop.

    Attributes:
        counts: Number of failed evaluations by rule.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._failing: dict[tuple[str, str], str] = {}
        self._slow: dict[str, int] = {}

    def record_failure(self, rule: str, service: str, error: str) -> bool:
        """Record that a rule cannot be evaluated; returns whether the previous evaluation succeeded.

        Args:
            rule: The rule.
            service: Service it was evaluated for; empty for the manager.
            error: What happened, as in "raised KeyError: 'x'".
        """
        key = (rule, service)
        self.counts[rule] = self.counts.get(rule, 0) + 1
        is_new = key not in self._failing
        if is_new:
            _log.warning("rule %r cannot be evaluated for %r: it %s", rule, service or "the manager", error)
        self._failing[key] = error
        return is_new

    def record_duration(self, rule: str, service: str, seconds: float) -> bool:
        """Record the duration of an evaluation that did not raise; returns whether the rule began or ceased to fail.

        Args:
            rule: The rule.
            service: Service it was evaluated for; empty for the manager.
            seconds: Time for which it blocked the event loop, in seconds.
        """
        if seconds <= LOOP_STEP_LIMIT:
            self._slow.pop(rule, None)
            return self._failing.pop((rule, service), None) is not None
        self._slow[rule] = self._slow.get(rule, 0) + 1
        error = f"kept the event loop for {seconds:.2f} s; a condition must return at once"
        if self._slow[rule] == MAX_SLOW:
            error += ", so it is not evaluated any more"
            _log.warning("rule %r %s", rule, error)
        return self.record_failure(rule, service, error)

    def is_disabled(self, rule: str) -> bool:
        """Whether a rule is not evaluated any more."""
        return self._slow.get(rule, 0) >= MAX_SLOW

    def by_rule(self) -> dict[str, str]:
        """Return the errors by the names of the rules."""
        errors: dict[str, str] = {}
        for (rule, service), error in self._failing.items():
            errors.setdefault(rule, f"it {error}" + (f" (for {service})" if service else ""))
        return errors

    def forget(self, service: str) -> None:
        """Forget the errors of rules about a removed service; a disabled rule stays disabled."""
        for key in [key for key in self._failing if key[1] == service and not self.is_disabled(key[0])]:
            del self._failing[key]

    def clear(self) -> None:
        """Forget every error, because there are other rules."""
        self.counts.clear()
        self._failing.clear()
        self._slow.clear()
