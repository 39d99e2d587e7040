"""Measuring: what the engine tells is counted, what processes use is looked up, and both are kept as history."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mcpstore.concurrency.worker import Worker, WorkerTimeout
from mcpstore.core.context import Context, Desired, run_status
from mcpstore.core.registry import Registry
from mcpstore.hooks.events import StateChange
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.service import LIVE_STATES, Reason, ServiceConnectionState
from mcpstore.models.state_history import StateEdge
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.monitoring.metrics import ServiceMeter, Usage
from mcpstore.monitoring.system import machine_metrics
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.metrics_history import MetricsHistory
from mcpstore.runtime.observer import ServiceObserver
from mcpstore.runtime.process_metrics import ProcessSampler

if TYPE_CHECKING:
    from mcpstore.runtime.service_runner import ServiceRunner
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["MetricsCollector"]

USABLE: Final = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)

LOOK_EVERY: Final = 10.0
"""Seconds between looks at processes and at the machine, unless checks are made more often."""

LEAST_PAUSE: Final = 1.0
"""Seconds between looks at least, however often checks are made."""

LOOK_LIMIT: Final = 30.0
"""Seconds a look may take."""

_log = logging.getLogger("mcpstore.runtime")


class MetricsCollector(ServiceObserver):
    """Counts what happens to the services of one store.

    Args:
        registry: What is known of every service.
        config: What is measured.
        clock: Time.
        archive: Where it is kept.
        disk_path: A folder on the disk that is looked at.

    Attributes:
        archive: What was measured over time.
        counts_calls: Whether calls are counted; asked before each of them.
        machine: What was measured of this machine last, if anything was.
        on_news: Called with the name of a service after something happened to it; must return quickly.
        on_look: Called after a look at processes and at the machine; must return quickly.
        on_difference: Called with the name of a service and how its tools changed; must return quickly.
    """

    def __init__(
        self,
        registry: Registry,
        config: MonitoringConfig,
        clock: Clock,
        archive: MetricsHistory,
        *,
        disk_path: str = "/",
    ) -> None:
        self.archive: MetricsHistory = archive
        self.counts_calls: bool = config.enabled and config.performance_monitoring.enabled
        self.machine: HostMetrics | None = None
        self.on_news: list[Callable[[str], None]] = []
        self.on_look: list[Callable[[], None]] = []
        self.on_difference: list[Callable[[str, Sequence[str]], None]] = []
        self._is_on = config.enabled
        self._slow_after = config.tool_monitoring.slow_call_threshold
        self._registry = registry
        self._clock = clock
        self._disk_path = disk_path
        self._meters: dict[str, ServiceMeter] = {}
        self._edges: dict[str, tuple[ServiceConnectionState, bool, Reason]] = {}
        self._supervisor: Supervisor | None = None
        self._worker = Worker("mcpstore-metering")
        self._looker = ProcessSampler()
        self._looks = self.counts_calls
        self._looked_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def open(self, supervisor: Supervisor) -> None:
        """Begin to measure the services of a supervisor."""
        self._supervisor = supervisor
        if self._is_on:
            self._task = asyncio.create_task(self._run(supervisor), name="mcpstore-metering")

    def adopt(self, config: MonitoringConfig) -> None:
        """Have other thresholds from now on; whether anything is measured at all stays as it is."""
        self._slow_after = config.tool_monitoring.slow_call_threshold

    async def close(self) -> None:
        """Take the last samples and have everything written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._take_samples()
        self._worker.close()
        await self.archive.close()

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
                usable=ctx.connection in USABLE,
                live=ctx.connection in LIVE_STATES,
                asked_for=ctx.by_operator,
            )
            self._note(service, ctx.connection, ctx, None)
            self._tell(service)

    def changed(self, change: StateChange, ctx: Context) -> None:
        """Count a change of a connection state."""
        if self._is_on:
            self._meter(change.service).changed(
                change.monotonic,
                change.metadata.error_message,
                asked_for=ctx.by_operator or ctx.reason is Reason.OPERATOR,
            )
            self._note(change.service, change.new, ctx, change.metadata.error_message)

    def differed(self, service: str, changes: Sequence[str]) -> None:
        """Pass on that tools of a service are not what they were."""
        for listener in self.on_difference:
            listener(service, changes)

    def forgotten(self, service: str) -> None:
        """Forget a service."""
        self._meters.pop(service, None)
        self._edges.pop(service, None)
        self.archive.forget(service)
        self._tell(service)

    # --- what is asked

    def metrics(self, name: str) -> ServiceMetrics:
        """Return what was measured of a service.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        assert self._supervisor is not None  # noqa: S101 - asked while the store is open
        runner, now = self._supervisor.runner(name), self._clock.now()
        ctx, session, history = runner.ctx, runner.session, runner.history
        is_open = session is not None and runner.is_live
        return ServiceMetrics(
            service_name=name,
            status=run_status(ctx),
            connection_state=ctx.connection,
            reason=ctx.reason.value,
            timestamp=self._clock.posix(),
            uptime=runner.uptime,
            tools_count=len(self._registry.catalog(name).tools),
            active_connections=int(is_open),
            active_calls=session.calls if session is not None and is_open else 0,
            response_time=history.response_time,
            consecutive_failures=history.failures,
            reconnect_attempts=ctx.attempts,
            **_counted(self._meter(name), now),
        )

    def fresh_samples(self, name: str | None = None) -> list[MetricsSample]:
        """Return what was measured since the last samples, of one service or of all; the next samples have it, too."""
        assert self._supervisor is not None  # noqa: S101 - asked while the store is open
        now, posix = self._clock.now(), self._clock.posix()
        return [
            meter.sample(runner.spec.name, runner.ctx.connection, now, posix, keep=True)
            for runner in self._supervisor.runners()
            if name in (None, runner.spec.name)
            and (meter := self._meters.get(runner.spec.name)) is not None
            and now > meter.sampled_at
        ]

    async def measure_machine(self) -> HostMetrics:
        """Measure this machine now."""
        look = partial(machine_metrics, self._clock.posix(), self._disk_path)
        self.machine = await self._worker.run(look, LOOK_LIMIT)
        return self.machine

    # --- looking

    async def _run(self, supervisor: Supervisor) -> None:
        due = self._clock.now() + supervisor.timing.check_interval
        while True:
            interval = supervisor.timing.check_interval  # which may change
            due = min(due, self._clock.now() + interval)
            await asyncio.sleep(min(LOOK_EVERY, interval, max(0.0, due - self._clock.now())))
            try:
                await self._look(supervisor.runners())
                if self._clock.now() >= due:
                    due = self._clock.now() + interval
                    self._take_samples()
                    await self.archive.flush()
            except Exception:  # noqa: BLE001 - a flaw of ours must not end the measuring
                _log.exception("measuring failed once; please report this")

    def _take_samples(self) -> None:
        assert self._supervisor is not None  # noqa: S101 - samples are taken of services
        now, posix = self._clock.now(), self._clock.posix()
        for runner in self._supervisor.runners():
            name, meter = runner.spec.name, self._meters.get(runner.spec.name)
            if meter is not None:  # nothing has ever happened to a service that was never started
                self.archive.add(meter.sample(name, runner.ctx.connection, now, posix))

    async def _look(self, runners: list[ServiceRunner]) -> None:
        """Look at the processes and at the machine."""
        now, posix = self._clock.now(), self._clock.posix()
        if not self._looks or now - self._looked_at < LEAST_PAUSE:
            return
        self._looked_at = now
        leaders = {r.spec.name: r.session.pid for r in runners if r.session is not None and r.session.pid is not None}

        def look() -> tuple[dict[str, Usage], HostMetrics]:
            return self._looker.look(leaders) if leaders else {}, machine_metrics(posix, self._disk_path)

        try:
            usage, self.machine = await self._worker.run(look, LOOK_LIMIT)
        except WorkerTimeout as error:
            _log.warning("looking at processes %s; it is given up", error)
            self._looks = False
            return
        except Exception as error:  # noqa: BLE001 - what cannot be looked at is not known, and that is all
            _log.debug("looking at processes and at this machine %s", describe_error(error))
            return
        for name, meter in self._meters.items():
            meter.used(usage.get(name))
        for listener in self.on_look:
            listener()

    # --- helpers

    def _note(self, service: str, state: ServiceConnectionState, ctx: Context, error: str | None) -> None:
        """Keep an edge, unless it was kept already."""
        wanted = ctx.desired is Desired.RUN
        reason = ctx.reason if state is ctx.connection else Reason.NONE
        if state is ServiceConnectionState.RECONNECTING and ctx.by_operator:
            reason = Reason.OPERATOR
        before = self._edges.get(service)
        if before == (state, wanted, reason):
            return
        self._edges[service] = (state, wanted, reason)
        self.archive.note(
            StateEdge(
                service_name=service,
                timestamp=self._clock.posix(),
                monotonic=self._clock.now(),
                state=state,
                wanted=wanted,
                reason=reason.value,
                error=error,
                begins=before is None,
            )
        )

    def _meter(self, name: str) -> ServiceMeter:
        meter = self._meters.get(name)
        if meter is None:
            meter = self._meters[name] = ServiceMeter(self._clock.now())
        return meter

    def _tell(self, name: str) -> None:
        for listener in self.on_news:
            try:
                listener(name)
            except Exception:  # noqa: BLE001 - a flaw of ours must not fail the call that is told of
                _log.exception("service %r: hearing of it failed; please report this", name)


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
