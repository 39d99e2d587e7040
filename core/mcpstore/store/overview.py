"""Overview of all services, now and in the recent past, for views that are refreshed."""

from __future__ import annotations

import attrs

from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.record import NamedList, Record
from mcpstore.models.service import ServiceConnectionState, ServiceSnapshot, ServiceStatus
from mcpstore.models.state_history import StateInterval

__all__ = ["Overview", "ServiceGlance", "glance_of"]


@attrs.frozen(kw_only=True)
class ServiceGlance(Record):
    """A service with its metrics and its recent past.

    Attributes:
        name: Its name.
        run_status: Its run status.
        connection_state: Its connection state.
        transport: Name of its transport.
        tool_count: Number of its tools.
        error: Its last error, if it is not running.
        uptime: Seconds since its connection was opened; 0 without one.
        availability: Share of the time it was to run in which it was usable, in per cent.
        response_time: Duration of the last answered check, in seconds; None before the first.
        success: Share of health checks that were answered, in per cent; None before the first.
        total_calls: Number of calls.
        throughput: Calls per second in the last minutes.
        p95: Duration that 95 of 100 calls stay below, in seconds; None without calls.
        error_rate: Failed calls per call, 0 to 1; None without calls.
        cpu_percent: Processor time of its process tree, in per cent of one processor; None where it has no process.
        memory_bytes: Memory of its process tree, in bytes; None where it has no process.
        states: Its states since the last overview.
        durations: Pairs of a POSIX timestamp in seconds and the duration of a call (without calls: of a check) in
            seconds, since the last overview.
    """

    name: str
    run_status: ServiceStatus
    connection_state: ServiceConnectionState
    transport: str
    tool_count: int
    error: str | None
    uptime: float
    availability: float
    response_time: float | None
    success: float | None
    total_calls: int
    throughput: float
    p95: float | None
    error_rate: float | None
    cpu_percent: float | None
    memory_bytes: int | None
    states: tuple[StateInterval, ...] = ()
    durations: tuple[tuple[float, float], ...] = ()


@attrs.frozen(kw_only=True)
class Overview(Record):
    """All services with their metrics, and the active alerts.

    Attributes:
        now: Time of this overview, as a POSIX timestamp in seconds; the `since` of the next one.
        location: Location of the configuration.
        services: The services.
        alerts: Messages of the active alerts.
    """

    now: float
    location: str
    services: NamedList[ServiceGlance]
    alerts: tuple[str, ...] = ()


def glance_of(
    service: ServiceSnapshot,
    metrics: ServiceMetrics | None,
    states: tuple[StateInterval, ...],
    samples: tuple[MetricsSample, ...],
) -> ServiceGlance:
    """Return a service with its metrics and its recent past.

    Args:
        service: The service.
        metrics: Its metrics; None if metrics are off.
        states: Its states since the last overview.
        samples: Its samples since the last overview.
    """
    measured = (
        metrics
        if metrics is not None
        else ServiceMetrics(
            service_name=service.name, status=service.run_status, connection_state=service.connection_state
        )
    )
    checks, has_calls = measured.total_checks, measured.p95 > 0
    durations = (_duration(sample) for sample in samples)
    return ServiceGlance(
        name=service.name,
        run_status=service.run_status,
        connection_state=service.connection_state,
        transport=service.transport,
        tool_count=service.tool_count,
        error=service.error,
        uptime=measured.uptime,
        availability=measured.availability,
        response_time=measured.response_time,
        success=100.0 * (checks - measured.failed_checks) / checks if checks else None,
        total_calls=measured.total_calls,
        throughput=measured.throughput,
        p95=measured.p95 if has_calls else None,
        error_rate=measured.error_rate if has_calls else None,
        cpu_percent=measured.cpu_percent,
        memory_bytes=measured.memory_bytes,
        states=states,
        durations=tuple(pair for pair in durations if pair is not None),
    )


def _duration(sample: MetricsSample) -> tuple[float, float] | None:
    if sample.calls:
        return sample.timestamp, sample.avg_response_time
    return None if sample.response_time is None else (sample.timestamp, sample.response_time)
