"""Metrics of one store: counts events of services, samples processes and the machine, and feeds the history."""

from __future__ import annotations

import asyncio
import logging
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
from mcpstore.monitoring.system import host_metrics
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.event_bus import Observer
from mcpstore.runtime.metrics_history import MetricsHistory
from mcpstore.runtime.process_metrics import ProcessSampler

if TYPE_CHECKING:
    from mcpstore.runtime.service_runner import ServiceRunner
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["MetricsCollector"]

USABLE: Final = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)

SAMPLE_INTERVAL: Final = 10.0
"""Time between samples of processes and of the machine, in seconds; shorter if checks are more frequent."""

LEAST_SAMPLE_INTERVAL: Final = 1.0
"""Least time between samples of processes, in seconds, however frequent checks are."""

SAMPLE_LIMIT: Final = 30.0
"""Time limit of one sample of processes, in seconds."""

CALLS_DELAY: Final = 0.1
"""Longest time that a call waits to be counted, in seconds: counting in batches keeps it out of the call path."""

CALLS_WAITING: Final = 500
"""Number of calls that may wait to be counted; with more, they are counted at once."""

_log = logging.getLogger("mcpstore.runtime")


class MetricsCollector(Observer):
    """The metrics of the services of one store.

    Args:
        registry: Specifications and catalogs of the services.
        config: Settings of the monitoring.
        clock: Clock of the store.
        archive: History of samples and edges.
        disk_path: A folder on the disk whose usage is sampled.

    Attributes:
        archive: History of samples and edges.
        counts_calls: Whether calls are counted.
        machine: Last sample of this machine; None before the first.
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
        self._is_on = config.enabled
        self._slow_after = config.tool_monitoring.slow_call_threshold
        self._registry = registry
        self._clock = clock
        self._disk_path = disk_path
        self._meters: dict[str, ServiceMeter] = {}
        self._edges: dict[str, tuple[ServiceConnectionState, bool, Reason]] = {}
        self._supervisor: Supervisor | None = None
        self._calls: list[tuple[str, str, float, float, str | None]] = []
        self._counting: asyncio.TimerHandle | None = None
        self._worker = Worker("mcpstore-metering")
        self._sampler = ProcessSampler()
        self._samples_processes = self.counts_calls
        self._sampled_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def open(self, supervisor: Supervisor) -> None:
        """Begin to measure the services of a supervisor."""
        self._supervisor = supervisor
        supervisor.bus.attach(self)
        if self._is_on:
            self._task = asyncio.create_task(self._run(supervisor), name="mcpstore-metering")

    def adopt(self, config: MonitoringConfig) -> None:
        """Use other thresholds from now on; what is measured does not change."""
        self._count_calls()
        self._slow_after = config.tool_monitoring.slow_call_threshold

    async def close(self) -> None:
        """Take the last samples and write everything to the history."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._take_samples()
        if self._counting is not None:
            self._counting.cancel()
        self._worker.close()
        await self.archive.close()

    # --- events

    def called(self, service: str, tool: str, ended: float, duration: float, error: str | None) -> None:
        """Record a call.

        Args:
            service: The service.
            tool: Name of the tool.
            ended: Time of its end on the monotonic clock.
            duration: Its duration, in seconds.
            error: Error message; None if it succeeded.
        """
        if not self.counts_calls:
            return
        self._calls.append((service, tool, ended, duration, error))
        if self._counting is None:
            self._counting = asyncio.get_running_loop().call_later(CALLS_DELAY, self._count_calls)
        elif len(self._calls) >= CALLS_WAITING:
            self._count_calls()

    def on_check(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:
        """Count a health check."""
        if self._is_on:
            self._meter(service).record_check(duration, answered=answered, error=error)

    def on_context(self, service: str, ctx: Context) -> None:
        """Begin an interval of the availability, and record what else changed."""
        if self._is_on and not ctx.removed:
            self._meter(service).record_transition(
                self._clock.now(),
                wanted=ctx.desired is Desired.RUN,
                usable=ctx.connection in USABLE,
                live=ctx.connection in LIVE_STATES,
                asked_for=ctx.by_operator,
            )
            self._record_edge(service, ctx.connection, ctx)

    def on_edge(self, change: StateChange, ctx: Context) -> None:
        """Count a change of the connection state and record it."""
        if self._is_on:
            self._meter(change.service).record_change(
                change.monotonic,
                change.metadata.error_message,
                asked_for=ctx.by_operator or ctx.reason is Reason.OPERATOR,
            )
            self._record_edge(change.service, change.new, ctx, change)

    def on_removal(self, service: str) -> None:
        """Discard the metrics of a service."""
        self._count_calls()
        self._meters.pop(service, None)
        self._edges.pop(service, None)
        self.archive.forget(service)

    # --- queries

    def metrics(self, name: str) -> ServiceMetrics:
        """Return the metrics of a service.

        Raises:
            ServiceNotFound: There is no service of this name.
        """
        assert self._supervisor is not None  # noqa: S101 - used while the store is open
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
        """Return samples of the time since the last regular ones, of one service or of all; these are not changed."""
        assert self._supervisor is not None  # noqa: S101 - used while the store is open
        self._count_calls()
        now, posix = self._clock.now(), self._clock.posix()
        return [
            meter.sample(runner.spec.name, runner.ctx.connection, now, posix, keep=True)
            for runner in self._supervisor.runners()
            if name in (None, runner.spec.name)
            and (meter := self._meters.get(runner.spec.name)) is not None
            and now > meter.sampled_at
        ]

    async def measure_machine(self) -> HostMetrics:
        """Sample this machine now."""
        sample = partial(host_metrics, self._clock.posix(), self._disk_path)
        self.machine = await self._worker.run(sample, SAMPLE_LIMIT)
        return self.machine

    # --- sampling

    async def _run(self, supervisor: Supervisor) -> None:
        due = self._clock.now() + supervisor.timing.check_interval
        while True:
            interval = supervisor.timing.check_interval  # which may change
            due = min(due, self._clock.now() + interval)
            await asyncio.sleep(min(SAMPLE_INTERVAL, interval, max(0.0, due - self._clock.now())))
            try:
                await self._sample_processes(supervisor.runners())
                if self._clock.now() >= due:
                    due = self._clock.now() + interval
                    self._take_samples()
                    await self.archive.flush()
            except Exception:  # noqa: BLE001 - a bug of ours must not end the sampling
                _log.exception("sampling failed; the next one is in %.0f s. This is a bug; please report it", interval)

    def _take_samples(self) -> None:
        assert self._supervisor is not None  # noqa: S101 - samples are taken of services
        self._count_calls()
        now, posix = self._clock.now(), self._clock.posix()
        for runner in self._supervisor.runners():
            name, meter = runner.spec.name, self._meters.get(runner.spec.name)
            if meter is not None:  # a service that was never started has none
                self.archive.add(meter.sample(name, runner.ctx.connection, now, posix))

    async def _sample_processes(self, runners: list[ServiceRunner]) -> None:
        """Sample the processes of the services, and the machine."""
        now, posix = self._clock.now(), self._clock.posix()
        if not self._samples_processes or now - self._sampled_at < LEAST_SAMPLE_INTERVAL:
            return
        self._sampled_at = now
        leaders = {r.spec.name: r.session.pid for r in runners if r.session is not None and r.session.pid is not None}

        def sample() -> tuple[dict[str, Usage], HostMetrics]:
            return self._sampler.look(leaders) if leaders else {}, host_metrics(posix, self._disk_path)

        try:
            usage, self.machine = await self._worker.run(sample, SAMPLE_LIMIT)
        except WorkerTimeout as error:
            _log.warning("sampling of processes %s; it is switched off", error)
            self._samples_processes = False
            return
        except Exception as error:  # noqa: BLE001 - without a sample the values stay unknown
            _log.debug("sampling of processes and of this machine %s", describe_error(error))
            return
        for name, meter in self._meters.items():
            meter.record_usage(usage.get(name))
        if self._supervisor is not None:
            self._supervisor.bus.publish_metrics("")

    # --- helpers

    def _count_calls(self) -> None:
        """Count the calls that wait, and publish which services have new metrics."""
        if self._counting is None:
            return
        self._counting.cancel()
        self._counting = None
        calls, self._calls = self._calls, []
        offset = self._clock.posix() - self._clock.now()
        for service, tool, ended, duration, error in calls:
            slow = duration > self._slow_after
            meter = self._meters.get(service) or self._new_meter(service)
            meter.record_call(tool, duration, ended, ended + offset, error=error, slow=slow)
        if self._supervisor is not None:
            for service in dict.fromkeys(call[0] for call in calls):
                self._supervisor.bus.publish_metrics(service)

    def _record_edge(
        self, service: str, state: ServiceConnectionState, ctx: Context, change: StateChange | None = None
    ) -> None:
        """Record an edge in the history, unless the last one says the same."""
        wanted = ctx.desired is Desired.RUN
        reason = ctx.reason if state is ctx.connection else Reason.NONE
        if state is ServiceConnectionState.RECONNECTING and ctx.by_operator:
            reason = Reason.OPERATOR
        before = self._edges.get(service)
        if before == (state, wanted, reason):
            return
        self._edges[service] = (state, wanted, reason)
        assert self._supervisor is not None  # noqa: S101 - events come from its bus
        self.archive.note(
            StateEdge(
                id=self._supervisor.bus.next_edge_id() if change is None else change.id,
                service_name=service,
                timestamp=self._clock.posix(),
                monotonic=self._clock.now(),
                state=state,
                wanted=wanted,
                reason=reason.value,
                error=None if change is None else change.metadata.error_message,
                begins=before is None,
            )
        )

    def _meter(self, name: str) -> ServiceMeter:
        self._count_calls()  # events are counted in their order
        return self._meters.get(name) or self._new_meter(name)

    def _new_meter(self, name: str) -> ServiceMeter:
        meter = self._meters[name] = ServiceMeter(self._clock.now())
        return meter


def _counted(meter: ServiceMeter, now: float) -> dict[str, Any]:
    tally = meter.window.tally(now)
    p50, p95, p99 = tally.quantiles(0.5, 0.95, 0.99)
    return {
        "window": meter.window.length,
        "availability": meter.availability.availability(now),
        "total_calls": meter.total_calls,
        "failed_calls": meter.failed_calls,
        "slow_calls": meter.slow_calls,
        "error_rate": tally.error_rate,
        "avg_response_time": tally.mean,
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "throughput": tally.calls / meter.window.covered_seconds(now),
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
