"""Everything that is counted of one service."""

from __future__ import annotations

from collections import deque
from typing import Final

import attrs

from mcpstore.models.metrics import MetricsSample, ToolMetrics
from mcpstore.models.service import ServiceConnectionState
from mcpstore.monitoring.metrics.availability import Presence
from mcpstore.monitoring.metrics.tally import Tally
from mcpstore.monitoring.metrics.window import Window

__all__ = ["FLAPPING", "ServiceMeter", "Usage"]

FLAPPING: Final = 600.0
"""Seconds over which changes of the state are counted."""

CHANGES_KEPT: Final = 256
"""Changes of the state that are remembered; more of them in ten minutes count as this many."""

TOOLS_KEPT: Final = 256
"""Tools of a service that are counted one by one; one more, and the one that was called longest ago is forgotten."""

LONGEST_ERROR: Final = 500
"""Characters of an error that are kept."""


class _ToolMeter:
    """What is counted of one tool."""

    __slots__ = ("last_activity", "last_error", "tally", "told")

    def __init__(self) -> None:
        self.tally = Tally()
        self.last_activity = 0.0
        self.last_error: str | None = None
        self.told: ToolMetrics | None = None


@attrs.frozen(kw_only=True)
class Usage:
    """What the process tree of one service uses.

    Attributes:
        cpu_percent: Processor time since the look before, in per cent of one processor; None at the first look.
        memory_bytes: Memory it occupies, in bytes; what its processes share is counted in each of them.
        processes: Its processes.
    """

    cpu_percent: float | None
    memory_bytes: int
    processes: int


@attrs.frozen(kw_only=True)
class _Sampled:
    """Where the totals stood when the last sample was taken."""

    at: float
    checks: int = 0
    failed: int = 0
    answered: int = 0
    answering: float = 0.0
    wanted: float = 0.0
    usable: float = 0.0


class ServiceMeter:
    """Counts what happens to one service.

    Args:
        now: When counting begins, on the monotonic clock, in seconds.

    Attributes:
        window: Calls of the last minutes.
        presence: How long it was wanted and usable.
        total_calls: Calls that ended, since counting began.
        failed_calls: Calls that did not end well, since counting began.
        slow_calls: Calls that took too long, since counting began.
        total_checks: Health checks, since counting began.
        failed_checks: Health checks that failed, since counting began.
        answered_checks: Health checks that were answered, since counting began.
        answering: Sum of the durations of answered checks, in seconds.
        restarts: How often a connection was lost and opened again.
        last_activity: When a tool was called last, as a POSIX timestamp in seconds.
        last_error: What went wrong last.
        cpu_percent: Processor time of its process tree, in per cent of one processor.
        memory_bytes: Memory its process tree occupies, in bytes.
        processes: Processes of its tree.
    """

    def __init__(self, now: float) -> None:
        self.window: Window = Window(now)
        self.presence: Presence = Presence(now)
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
        self._changes: deque[float] = deque(maxlen=CHANGES_KEPT)
        self._sampled = _Sampled(at=now)
        self._was_live = False
        self._is_lost = False
        self._was_asked_for = False

    def called(self, tool: str, duration: float, now: float, posix: float, *, error: str | None, slow: bool) -> None:
        """Count a call.

        Args:
            tool: The tool's own name.
            duration: How long it took, in seconds.
            now: When it ended, on the monotonic clock, in seconds.
            posix: The same as a POSIX timestamp in seconds.
            error: What went wrong; None if it ended well.
            slow: Whether it took too long.
        """
        failed = error is not None
        self.total_calls += 1
        self.last_activity = posix
        self.window.add(duration, now, failed=failed, slow=slow)
        known = self._tools.get(tool) or self._begin(tool)
        known.last_activity = posix
        known.told = None
        known.tally.add(duration, failed=failed, slow=slow)
        self.slow_calls += slow
        if error is not None:
            self.failed_calls += 1
            self.last_error = known.last_error = error[:LONGEST_ERROR]

    def checked(self, duration: float, *, answered: bool | None, error: str | None) -> None:
        """Count a health check that took `duration` seconds; `answered` is None if it decided nothing."""
        self.total_checks += 1
        if answered:
            self.answered_checks += 1
            self.answering += duration
        if answered is False:
            self.failed_checks += 1
        if error and not answered:
            self.last_error = error[:LONGEST_ERROR]

    def changed(self, now: float, error: str | None, *, asked_for: bool = False) -> None:
        """Count a change of the connection state, and take down what had gone wrong before.

        Args:
            now: When, on the monotonic clock, in seconds.
            error: What had gone wrong before; None if nothing had.
            asked_for: Whether somebody asked for it: neither that nor the change it leads to is counted.
        """
        if not (asked_for or self._was_asked_for):
            self._changes.append(now)
        self._was_asked_for = asked_for
        if error:
            self.last_error = error[:LONGEST_ERROR]

    def used(self, usage: Usage | None) -> None:
        """Take down what the processes of the service use; None if there is none."""
        self.cpu_percent = None if usage is None else usage.cpu_percent
        self.memory_bytes = None if usage is None else usage.memory_bytes
        self.processes = 0 if usage is None else usage.processes

    def moved(self, now: float, *, wanted: bool, usable: bool, live: bool, asked_for: bool) -> None:
        """Note where a step of the lifecycle has led.

        Args:
            now: When, on the monotonic clock, in seconds.
            wanted: Whether the service is to run.
            usable: Whether it is healthy, or nearly.
            live: Whether it has a connection.
            asked_for: Whether somebody asked for what happens.
        """
        self.presence.move(now, wanted=wanted, usable=usable)
        if self._was_live and not live:
            self._is_lost = wanted and not asked_for
        elif live and self._is_lost:
            self.restarts += 1
            self._is_lost = False
        self._was_live = live

    def changes(self, now: float) -> int:
        """Return how often the connection state changed in the last ten minutes."""
        while self._changes and self._changes[0] <= now - FLAPPING:
            self._changes.popleft()
        return len(self._changes)

    def tools(self) -> tuple[ToolMetrics, ...]:
        """Return what was counted of each tool."""
        return tuple(_told(name, meter) for name, meter in sorted(self._tools.items()))

    @property
    def sampled_at(self) -> float:
        """When the last sample was taken, on the monotonic clock, in seconds."""
        return self._sampled.at

    def sample(
        self, name: str, state: ServiceConnectionState, now: float, posix: float, *, keep: bool = False
    ) -> MetricsSample:
        """Return what happened since the last sample was taken.

        Args:
            name: Name of the service.
            state: Its connection state.
            now: The time, on the monotonic clock, in seconds.
            posix: The same as a POSIX timestamp in seconds.
            keep: Whether this is only a look, so that the next sample tells of the same time again.
        """
        calls, before = self.window.recent(keep=keep), self._sampled
        wanted, usable = self.presence.until(now)
        after = _Sampled(
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
            response_time=1000 * (after.answering - before.answering) / answered if answered else None,
            wanted=wanted - before.wanted,
            usable=usable - before.usable,
            cpu_percent=self.cpu_percent,
            memory_bytes=self.memory_bytes,
            durations=calls.durations().to_bytes() if calls.calls else b"",
        )

    def _begin(self, tool: str) -> _ToolMeter:
        if len(self._tools) >= TOOLS_KEPT:
            del self._tools[min(self._tools, key=lambda name: self._tools[name].last_activity)]
        made = self._tools[tool] = _ToolMeter()
        return made


def _told(name: str, meter: _ToolMeter) -> ToolMetrics:
    """Return what was counted of a tool; worked out again only after another call of it."""
    if meter.told is not None:
        return meter.told
    tally = meter.tally
    p50, p95, p99 = tally.quantiles(0.5, 0.95, 0.99)
    meter.told = ToolMetrics(
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
    return meter.told
