"""What rules look at: the figures of a service, and those of the manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mcpstore.core.context import Desired
from mcpstore.errors import ServiceNotFound
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import Reason
from mcpstore.monitoring.alerts import manager_fields, service_fields
from mcpstore.runtime.clock import Clock

if TYPE_CHECKING:
    from mcpstore.runtime.metrics_collector import MetricsCollector
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["RuleInputs"]

MOST: Final = 10
"""Changes of the tools of one service that are told at once."""


class RuleInputs:
    """The figures of one store.

    Args:
        supervisor: The services.
        metering: What is measured of them.
        clock: Time.
    """

    def __init__(self, supervisor: Supervisor, metering: MetricsCollector, clock: Clock) -> None:
        self._supervisor = supervisor
        self._metering = metering
        self._clock = clock
        self._tool_changes: dict[str, tuple[float, tuple[str, ...]]] = {}

    def tools_changed(self, service: str, changes: Sequence[str]) -> None:
        """Take note that tools of a service are not what they were."""
        _, before = self._tool_changes.get(service, (0.0, ()))
        self._tool_changes[service] = (self._clock.now(), (*before, *changes)[-MOST:])

    def forget(self, service: str) -> None:
        """Forget what is known of a service."""
        self._tool_changes.pop(service, None)

    def of_service(self, service: str) -> tuple[bool, dict[str, Any] | None]:
        """Return whether a service is wanted, and what rules look at; None if there is nothing to look at."""
        try:
            ctx = self._supervisor.runner(service).ctx
        except ServiceNotFound:
            return False, None
        if ctx.desired is not Desired.RUN:
            return ctx.reason is Reason.NEW, None  # one that waits for others to be started is not gone
        metrics: ServiceMetrics = self._metering.metrics(service)
        return True, service_fields(metrics, self._metering.machine, self._changes_of(service))

    def of_manager(self, failing: Mapping[str, str]) -> dict[str, Any]:
        """Return what rules about the manager look at.

        Args:
            failing: What is wrong with rules that cannot be evaluated, by their names.
        """
        return manager_fields(
            self._metering.machine,
            services=len(self._supervisor.runners()),
            mass_failure=self._supervisor.is_mass_failure,
            stalled=self._clock.now() - self._supervisor.last_trouble,
            failing_rules=failing,
        )

    def _changes_of(self, service: str) -> tuple[str, ...]:
        when, changes = self._tool_changes.get(service, (0.0, ()))
        if changes and self._clock.now() - when > 2 * self._supervisor.timing.check_interval:
            del self._tool_changes[service]
            return ()
        return changes
