"""Counters of one service."""

from __future__ import annotations

from collections import deque
from typing import Final

import attrs

from mcpstore.models.metrics import MetricsSample, ToolMetrics
from mcpstore.models.service import ServiceConnectionState
from mcpstore.monitoring.metrics.availability import AvailabilityCounter
from mcpstore.monitoring.metrics.tally import Tally
from mcpstore.monitoring.metrics.window import Window

__all__ = ["FLAPPING_WINDOW", "ServiceMeter", "Usage"]

FLAPPING_WINDOW: Final = 600.0
"""Window in which state changes are counted, in seconds."""

MAX_CHANGES: Final = 256
"""Most state changes counted in the window."""

MAX_TOOLS: Final = 256
"""Most tools with counters of their own; for a further tool, the least recently called one is dropped."""

MAX_ERROR_LENGTH: Final = 500
"""Longest error message that is kept, in characters."""


class _ToolMeter:
    """Counters of one tool."""

    __slots__ = ("cached", "last_activity", "last_error", "tally")

    def __init__(self) -> None:
        self.tally = Tally()
        self.last_activity = 0.0
        self.last_error: str | None = None
        self.cached: ToolMetrics | None = None


@attrs.frozen(kw_only=True)
class Usage:
    """Resources used by the process tree of a service.

    Attributes:
        cpu_percent: Processor time since the last measurement, in per cent of one processor; None at the first one.
        memory_bytes: Memory of the processes, in bytes; shared memory is counted for each process.
        processes: Number of processes.
    """

    cpu_percent: float | None
    memory_bytes: int
    processes: int


@attrs.frozen(kw_only=True)
class _Totals:
    """Totals at the time of the last sample."""

    at: float
    checks: int = 0
    failed: int = 0
    answered: int = 0
    answering: float = 0.0
    wanted: float = 0.0
    usable: float = 0.0


class ServiceMeter:
    """Counters of one service.

    Args:
        now: Start of counting, on the monotonic clock, in seconds.

    Attributes:
        window: Calls of the last minutes.
        availability: Time in which the service was to run, and was usable.
        total_calls: Finished calls, since the start of counting.
        failed_calls: Failed calls, since the start of counting.
        slow_calls: Slow calls, since the start of counting.
        total_checks: Health checks, since the start of counting.
        failed_checks: Failed health checks, since the start of counting.
        answered_checks: Answered health checks, since the start of counting.
        answering: Sum of the durations of answered checks, in seconds.
        restarts: Number of connections that were lost and reopened.
        last_activity: Time of the last tool call, as a POSIX timestamp in seconds.
        last_error: Last error message.
        cpu_percent: Processor time of its process tree, in per cent of one processor.
        memory_bytes: Memory of its process tree, in bytes.
        processes: Number of processes in its tree.
    """

    def __init__(self, now: float) -> None:
        self.window: Window = Window(now)
        self.availability: AvailabilityCounter = AvailabilityCounter(now)
        self.total_calls: int = 0
        self.failed_calls: int = 0
        self.slow_calls: int = 0
        self.total_checks: int = 0
        self.failed_checks: int = 0
        self.answered_checks: int = 0
        self.answering: float = 0.0
        self.restarts: int = 0
        self.last_activity: float | None = None
        self.last_error: str | None = None
        self.cpu_percent: float | None = None
        self.memory_bytes: int | None = None
        self.processes: int = 0
        self._tools: dict[str, _ToolMeter] = {}
        self._changes: deque[float] = deque(maxlen=MAX_CHANGES)
        self._sampled = _Totals(at=now)
        self._was_live = False
        self._is_lost = False
        self._was_asked_for = False

    def record_call(
        self, tool: str, duration: float, now: float, posix: float, *, error: str | None, slow: bool
    ) -> None:
        """Count a call.

        Args:
            tool: The tool's own name.
            duration: Its duration, in seconds.
            now: Time of its end, on the monotonic clock, in seconds.
            posix: The same time as a POSIX timestamp in seconds.
            error: Error message; None for a successful call.
            slow: Whether it was slow.
        """
        failed = error is not None
        self.total_calls += 1
        self.last_activity = posix
        self.window.add(duration, now, failed=failed, slow=slow)
        known = self._tools.get(tool) or self._add_tool(tool)
        known.last_activity = posix
        known.cached = None
        known.tally.add(duration, failed=failed, slow=slow)
        self.slow_calls += slow
        if error is not None:
            self.failed_calls += 1
            self.last_error = known.last_error = error[:MAX_ERROR_LENGTH]

    def record_check(self, duration: float, *, answered: bool | None, error: str | None) -> None:
        """Count a health check that took `duration` seconds; `answered` is None for an inconclusive check."""
        self.total_checks += 1
        if answered:
            self.answered_checks += 1
            self.answering += duration
        if answered is False:
            self.failed_checks += 1
        if error and not answered:
            self.last_error = error[:MAX_ERROR_LENGTH]

    def record_change(self, now: float, error: str | None, *, asked_for: bool = False) -> None:
        """Count a change of the connection state, and record its error.

        Args:
            now: Current time, on the monotonic clock, in seconds.
            error: Error that led to the change; None without one.
            asked_for: Whether an operator requested it: then neither this change nor the following one is counted.
        """
        if not (asked_for or self._was_asked_for):
            self._changes.append(now)
        self._was_asked_for = asked_for
        if error:
            self.last_error = error[:MAX_ERROR_LENGTH]

    def record_usage(self, usage: Usage | None) -> None:
        """Record the resources that the service uses; None without processes."""
        self.cpu_percent = None if usage is None else usage.cpu_percent
        self.memory_bytes = None if usage is None else usage.memory_bytes
        self.processes = 0 if usage is None else usage.processes

    def record_transition(self, now: float, *, wanted: bool, usable: bool, live: bool, asked_for: bool) -> None:
        """Record the result of a step of the lifecycle.

        Args:
            now: Current time, on the monotonic clock, in seconds.
            wanted: Whether the service is to run.
            usable: Whether it is HEALTHY or WARNING.
            live: Whether it has a connection.
            asked_for: Whether an operator requested the step.
        """
        self.availability.begin_interval(now, wanted=wanted, usable=usable)
        if self._was_live and not live:
            self._is_lost = wanted and not asked_for
        elif live and self._is_lost:
            self.restarts += 1
            self._is_lost = False
        self._was_live = live

    def changes(self, now: float) -> int:
        """Return the number of changes of the connection state in the last `FLAPPING_WINDOW`."""
        while self._changes and self._changes[0] <= now - FLAPPING_WINDOW:
            self._changes.popleft()
        return len(self._changes)

    def tools(self) -> tuple[ToolMetrics, ...]:
        """Return the metrics of each tool."""
        return tuple(_tool_metrics(name, meter) for name, meter in sorted(self._tools.items()))

    @property
    def sampled_at(self) -> float:
        """Time of the last sample, on the monotonic clock, in seconds."""
        return self._sampled.at

    def sample(
        self, name: str, state: ServiceConnectionState, now: float, posix: float, *, keep: bool = False
    ) -> MetricsSample:
        """Return the metrics since the last sample.

        Args:
            name: Name of the service.
            state: Its connection state.
            now: Current time, on the monotonic clock, in seconds.
            posix: The same time as a POSIX timestamp in seconds.
            keep: Whether the next sample is to cover this time as well.
        """
        calls, before = self.window.since_last_sample(keep=keep), self._sampled
        wanted, usable = self.availability.totals(now)
        after = _Totals(
            at=now,
            checks=self.total_checks,
            failed=self.failed_checks,
            answered=self.answered_checks,
            answering=self.answering,
            wanted=wanted,
            usable=usable,
        )
        answered = after.answered - before.answered
        if not keep:
            self._sampled = after
        return MetricsSample(
            service_name=name,
            timestamp=posix,
            duration=now - before.at,
            connection_state=state,
            calls=calls.calls,
            failed_calls=calls.failed,
            avg_response_time=calls.mean,
            p95=calls.quantiles(0.95)[0],
            max_response_time=calls.longest,
            checks=after.checks - before.checks,
            failed_checks=after.failed - before.failed,
            response_time=(after.answering - before.answering) / answered if answered else None,
            wanted=wanted - before.wanted,
            usable=usable - before.usable,
            cpu_percent=self.cpu_percent,
            memory_bytes=self.memory_bytes,
            durations=calls.latencies().to_bytes() if calls.calls else b"",
        )

    def _add_tool(self, tool: str) -> _ToolMeter:
        if len(self._tools) >= MAX_TOOLS:
            del self._tools[min(self._tools, key=lambda name: self._tools[name].last_activity)]
        meter = self._tools[tool] = _ToolMeter()
        return meter


def _tool_metrics(name: str, meter: _ToolMeter) -> ToolMetrics:
    """Return the metrics of a tool; cached until its next call."""
    if meter.cached is not None:
        return meter.cached
    tally = meter.tally
    p50, p95, p99 = tally.quantiles(0.5, 0.95, 0.99)
    meter.cached = ToolMetrics(
        name=name,
        total_calls=tally.calls,
        failed_calls=tally.failed,
        slow_calls=tally.slow,
        error_rate=tally.error_rate,
        avg_response_time=tally.mean,
        p50=p50,
        p95=p95,
        p99=p99,
        last_activity=meter.last_activity,
        last_error=meter.last_error,
    )
    return meter.cached
