"""What was measured of a service: figures over a window of time, and samples of them as history keeps them."""

from __future__ import annotations

from typing import ClassVar

import attrs

from mcpstore.models.record import Record
from mcpstore.models.service import ServiceConnectionState, ServiceStatus

__all__ = ["MetricsSample", "ServiceMetrics", "ToolMetrics"]


@attrs.frozen(kw_only=True)
class ToolMetrics(Record):
    """What was measured of one tool, since the manager started.

    Attributes:
        name: The tool's own name.
        total_calls: Calls made.
        failed_calls: Calls that did not end well; a result that reports failure does not.
        slow_calls: Calls that took longer than `slow_call_threshold`.
        error_rate: Failed calls per call, 0 to 1.
        avg_response_time: Mean duration of a call, in seconds.
        p50: Median duration, in seconds.
        p95: Duration that 95 of 100 calls stay below, in seconds.
        p99: Duration that 99 of 100 calls stay below, in seconds.
        last_activity: When it was called last, as a POSIX timestamp in seconds.
        last_error: What went wrong last.
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
    """What was measured of one service: what conditions of alert rules look at.

    Counts and durations of calls cover the window of the last `window` seconds, except the totals, which go back to the
    start of the manager.

    Attributes:
        service_name: Name of the service.
        status: Its run status.
        connection_state: Its connection state.
        reason: Why it is disconnected; empty in any other state.
        timestamp: When this was measured, as a POSIX timestamp in seconds.
        window: Length of the window, in seconds.
        uptime: Seconds since its connection was opened; 0 without one.
        availability: Share of the time it was wanted in which it was usable, in per cent, from intervals, since the
            manager started.
        tools_count: Tools it offers.
        active_connections: Open connections: 0 or 1.
        active_calls: Calls under way.
        total_calls: Calls made.
        failed_calls: Calls that did not end well.
        slow_calls: Calls that took longer than `slow_call_threshold`.
        error_rate: Failed calls per call in the window, 0 to 1.
        avg_response_time: Mean duration of a call in the window, in seconds.
        p50: Median duration in the window, in seconds.
        p95: Duration that 95 of 100 calls in the window stay below, in seconds.
        p99: Duration that 99 of 100 calls in the window stay below, in seconds.
        throughput: Calls per second in the window.
        last_activity: When a tool was called last, as a POSIX timestamp in seconds.
        last_error: What went wrong last.
        total_checks: Health checks made.
        failed_checks: Health checks that failed.
        response_time: Duration of the last answered check, in ms.
        consecutive_failures: Failed checks in a row.
        reconnect_attempts: Failed attempts to open it in this round.
        restarts: How often a connection was lost and opened again; not how often somebody restarted it.
        changes: Changes of its connection state in the last 600 s that nobody asked for.
        cpu_percent: Processor time of its process tree, in per cent of one processor; None where it has no process.
        memory_bytes: Memory its process tree occupies, in bytes; None where it has no process.
        processes: Processes of its tree.
        tools: What was measured of each tool that was called.
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
        """Its name, so that lists of metrics answer by name."""
        return self.service_name


@attrs.frozen(kw_only=True)
class MetricsSample(Record):
    """One row of history: what happened to a service between two points of time.

    Attributes:
        service_name: Name of the service.
        timestamp: The end of the time covered, as a POSIX timestamp in seconds.
        duration: The time covered, in seconds.
        connection_state: Its connection state at the end.
        calls: Calls that ended.
        failed_calls: Calls that did not end well.
        avg_response_time: Mean duration of a call, in seconds.
        p95: Duration that 95 of 100 calls stayed below, in seconds.
        max_response_time: The longest call, in seconds.
        checks: Health checks made.
        failed_checks: Health checks that failed.
        response_time: Mean duration of an answered check, in ms; None if there was none.
        wanted: Seconds it was wanted.
        usable: Seconds it was wanted and usable.
        cpu_percent: Processor time of its process tree, in per cent of one processor.
        memory_bytes: Memory its process tree occupied at the end, in bytes.
        durations: How long the calls took, as `mcpstore.models.latency.LatencyHistogram` reads it; two can be added up.
            No key of the mapping, as it is nothing for people. Empty if there were none, or nobody knows.
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
