"""Metrics of services and tools: values of a time window, and samples in the history."""

from __future__ import annotations

from typing import ClassVar

import attrs

from mcpstore.models.record import Record
from mcpstore.models.service import ServiceConnectionState, ServiceStatus

__all__ = ["MetricsSample", "ServiceMetrics", "ToolMetrics"]


@attrs.frozen(kw_only=True)
class ToolMetrics(Record):
    """Metrics of one tool since the start of the manager.

    Attributes:
        name: Name of the tool, without the service.
        total_calls: Number of calls.
        failed_calls: Number of failed calls, including results that report an error.
        slow_calls: Number of calls that took longer than `slow_call_threshold`.
        error_rate: Share of failed calls, 0 to 1.
        avg_response_time: Mean duration of a call, in seconds.
        p50: Median duration of a call, in seconds.
        p95: 95th percentile of the duration, in seconds.
        p99: 99th percentile of the duration, in seconds.
        last_activity: Time of the last call, as a POSIX timestamp in seconds.
        last_error: Message of the last error.
    """

    name: str
    total_calls: int = 0
    failed_calls: int = 0
    slow_calls: int = 0
    error_rate: float = 0.0
    avg_response_time: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    last_activity: float | None = None
    last_error: str | None = None


@attrs.frozen(kw_only=True)
class ServiceMetrics(Record):
    """Metrics of one service; the conditions of alert rules use these fields.

    Rates and durations of calls are those of the last `window` seconds. Totals count from the start of the manager.

    Attributes:
        service_name: Name of the service.
        status: Run status.
        connection_state: Connection state.
        reason: Cause of DISCONNECTED; empty in every other state.
        timestamp: Time of the measurement, as a POSIX timestamp in seconds.
        window: Length of the window, in seconds.
        uptime: Seconds since the connection was opened; 0 without a connection.
        availability: Share of the time in which the service should run and was usable, in per cent, since the start of
            the manager.
        tools_count: Number of tools that the service offers.
        active_connections: Number of open connections: 0 or 1.
        active_calls: Number of calls in progress.
        total_calls: Number of calls.
        failed_calls: Number of failed calls, including results that report an error.
        slow_calls: Number of calls that took longer than `slow_call_threshold`.
        error_rate: Share of failed calls in the window, 0 to 1.
        avg_response_time: Mean duration of a call in the window, in seconds.
        p50: Median duration of a call in the window, in seconds.
        p95: 95th percentile of the duration in the window, in seconds.
        p99: 99th percentile of the duration in the window, in seconds.
        throughput: Calls per second in the window.
        last_activity: Time of the last tool call, as a POSIX timestamp in seconds.
        last_error: Message of the last error.
        total_checks: Number of health checks.
        failed_checks: Number of failed health checks.
        response_time: Duration of the last answered check, in seconds.
        consecutive_failures: Number of failed checks in a row.
        reconnect_attempts: Number of failed attempts to open the service in this round.
        restarts: Number of times a connection was lost and opened again, without restarts by an operator.
        changes: Number of automatic changes of the connection state in the last 600 seconds.
        cpu_percent: CPU time of the process tree, in per cent of one processor; None without a process.
        memory_bytes: Resident memory of the process tree, in bytes; None without a process.
        processes: Number of processes in the process tree.
        tools: Metrics of each tool that was called.
    """

    service_name: str
    status: ServiceStatus
    connection_state: ServiceConnectionState
    reason: str = ""
    timestamp: float = 0.0
    window: float = 300.0
    uptime: float = 0.0
    availability: float = 100.0
    tools_count: int = 0
    active_connections: int = 0
    active_calls: int = 0
    total_calls: int = 0
    failed_calls: int = 0
    slow_calls: int = 0
    error_rate: float = 0.0
    avg_response_time: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    throughput: float = 0.0
    last_activity: float | None = None
    last_error: str | None = None
    total_checks: int = 0
    failed_checks: int = 0
    response_time: float | None = None
    consecutive_failures: int = 0
    reconnect_attempts: int = 0
    restarts: int = 0
    changes: int = 0
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    processes: int = 0
    tools: tuple[ToolMetrics, ...] = ()

    @property
    def name(self) -> str:
        """Name of the service, by which a `NamedList` finds the metrics."""
        return self.service_name


@attrs.frozen(kw_only=True)
class MetricsSample(Record):
    """Metrics of a service in one interval of the history.

    Attributes:
        service_name: Name of the service.
        timestamp: End of the interval, as a POSIX timestamp in seconds.
        duration: Length of the interval, in seconds.
        connection_state: Connection state at the end.
        calls: Number of calls that ended.
        failed_calls: Number of failed calls, including results that report an error.
        avg_response_time: Mean duration of a call, in seconds.
        p95: 95th percentile of the duration of a call, in seconds.
        max_response_time: Duration of the longest call, in seconds.
        checks: Number of health checks.
        failed_checks: Number of failed health checks.
        response_time: Mean duration of an answered check, in seconds; None if there was none.
        wanted: Seconds in which the service should run.
        usable: Seconds in which the service should run and was usable.
        cpu_percent: CPU time of the process tree, in per cent of one processor.
        memory_bytes: Resident memory of the process tree at the end, in bytes.
        durations: Durations of the calls, as bytes of a `mcpstore.models.latency.LatencyHistogram`; empty if there were
            no calls or the durations are unknown. Not a key of the mapping.
    """

    SHOWN: ClassVar[tuple[str, ...]] = (
        "service_name",
        "timestamp",
        "duration",
        "connection_state",
        "calls",
        "failed_calls",
        "avg_response_time",
        "p95",
        "max_response_time",
        "checks",
        "failed_checks",
        "response_time",
        "wanted",
        "usable",
        "cpu_percent",
        "memory_bytes",
    )

    service_name: str
    timestamp: float
    duration: float
    connection_state: ServiceConnectionState
    calls: int = 0
    failed_calls: int = 0
    avg_response_time: float = 0.0
    p95: float = 0.0
    max_response_time: float = 0.0
    checks: int = 0
    failed_checks: int = 0
    response_time: float | None = None
    wanted: float = 0.0
    usable: float = 0.0
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    durations: bytes = attrs.field(default=b"", repr=False)
