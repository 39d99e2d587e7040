"""Measuring: what the engine tells is counted, what processes use is looked up, and both are kept as history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcpstore.core.context import Context, Desired, run_status
from mcpstore.core.models.metrics import ServiceMetrics
from mcpstore.core.models.service import LIVE_STATES, ServiceConnectionState
from mcpstore.core.registry import Registry
from mcpstore.hooks.notice import StateChange
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.monitoring.metrics import ServiceMeter
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.witness import Witness

if TYPE_CHECKING:
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["Metering"]

USABLE = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)


class Metering(Witness):
    """Counts what happens to the services of one store.

    Args:
        registry: What is known of every service.
        config: What is measured.
        clock: Time.

    Attributes:
        counts_calls: Whether calls are counted; asked before each of them.
        on_news: Called with the name of a service after something happened to it; must return quickly.
    """

    def __init__(self, registry: Registry, config: MonitoringConfig, clock: Clock) -> None:
        self.counts_calls: bool = config.enabled and config.performance_monitoring.enabled
        self.on_news: list[Callable[[str], None]] = []
        self._is_on = config.enabled
        self._slow_after = config.tool_monitoring.slow_call_threshold
        self._registry = registry
        self._clock = clock
        self._meters: dict[str, ServiceMeter] = {}
        self._supervisor: Supervisor | None = None

    def open(self, supervisor: Supervisor) -> None:
        """Begin to measure the services of a supervisor."""
        self._supervisor = supervisor

    # --- what the engine tells

    def called(self, service: str, tool: str, duration: float, error: str | None) -> None:
        """Count a call."""
        if not self.counts_calls:
            return
        clock = self._clock
        slow = duration > self._slow_after
        self._meter(service).called(tool, duration, clock.now(), clock.posix(), error=error, slow=slow)
        self._tell(service)

    def checked(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:
        """Count a health check."""
        if self._is_on:
            self._meter(service).checked(duration, answered=answered, error=error)
            self._tell(service)

    def moved(self, service: str, ctx: Context) -> None:
        """Begin another interval."""
        if self._is_on and not ctx.removed:
            self._meter(service).moved(
                self._clock.now(),
                wanted=ctx.desired is Desired.RUN,
                usable=ctx.conn in USABLE,
                live=ctx.conn in LIVE_STATES,
                asked_for=ctx.op,
            )
            self._tell(service)

    def changed(self, change: StateChange) -> None:
        """Count a change of a connection state."""
        if self._is_on:
            self._meter(change.service).changed(change.monotonic)

    def forgotten(self, service: str) -> None:
        """Forget a service."""
        self._meters.pop(service, None)

    # --- what is asked

    def metrics(self, name: str) -> ServiceMetrics:
        """Return what was measured of a service.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        assert self._supervisor is not None  # noqa: S101 - asked while the store is open
        runner, now = self._supervisor.runner(name), self._clock.now()
        ctx, session, history = runner.ctx, runner.session, runner.history
        meter = self._meter(name)
        is_open = session is not None and runner.is_live
        return ServiceMetrics(
            service_name=name,
            status=run_status(ctx),
            connection_state=ctx.conn,
            reason=ctx.reason.value,
            timestamp=self._clock.posix(),
            uptime=runner.uptime,
            tools_count=len(self._registry.catalog(name).tools),
            active_connections=int(is_open),
            active_calls=session.calls if session is not None and is_open else 0,
            response_time=history.response_time,
            consecutive_failures=history.failures,
            reconnect_attempts=ctx.att,
            **_counted(meter, now),
        )

    # --- helpers

    def _meter(self, name: str) -> ServiceMeter:
        meter = self._meters.get(name)
        if meter is None:
            meter = self._meters[name] = ServiceMeter(self._clock.now())
        return meter

    def _tell(self, name: str) -> None:
        for listener in self.on_news:
            listener(name)


def _counted(meter: ServiceMeter, now: float) -> dict[str, Any]:
    tally = meter.window.tally(now)
    p50, p95, p99 = tally.quantiles(0.5, 0.95, 0.99)
    return {
        "window": meter.window.length,
        "availability": meter.presence.availability(now),
        "total_calls": meter.total_calls,
        "failed_calls": meter.failed_calls,
        "slow_calls": meter.slow_calls,
        "error_rate": tally.error_rate,
        "avg_response_time": tally.mean,
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "throughput": tally.calls / meter.window.covered(now),
        "last_activity": meter.last_activity,
        "last_error": meter.last_error,
        "total_checks": meter.total_checks,
        "failed_checks": meter.failed_checks,
        "restarts": meter.restarts,
        "changes": meter.changes(now),
        "cpu_percent": meter.cpu_percent,
        "memory_bytes": meter.memory_bytes,
        "processes": meter.processes,
        "tools": meter.tools(),
    }
