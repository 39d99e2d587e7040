"""Counting calls and their durations, in a way that two counts can be added up."""

from __future__ import annotations

import math
from typing import Final

from mcpstore.models.latency import LatencyHistogram

__all__ = ["Tally"]

FRESH: Final = 64
"""Durations that are kept as they are; more go into bins."""


class Tally:
    """Counts calls and their durations.

    A few durations are kept as they are, so that a seldom used tool costs little and its percentiles are exact; more
    than that go into bins, which are bounded, can be merged, and make percentiles off by at most 1 %.

    Attributes:
        calls: Calls that ended.
        failed: Calls that did not end well.
        slow: Calls that took too long for somebody's taste.
        total: Sum of the durations, in seconds.
        longest: The longest duration, in seconds.
    """

    __slots__ = ("_binned", "_fresh", "calls", "failed", "longest", "slow", "total")

    def __init__(self) -> None:
        self.calls: int = 0
        self.failed: int = 0
        self.slow: int = 0
        self.total: float = 0.0
        self.longest: float = 0.0
        self._fresh: list[float] = []
        self._binned: LatencyHistogram | None = None

    def add(self, duration: float, *, failed: bool, slow: bool) -> None:
        """Count a call that took `duration` seconds."""
        self.calls += 1
        self.failed += failed
        self.slow += slow
        self.total += duration
        if duration > self.longest:  # noqa: PLR1730 - this is done at every call, and max() takes longer
            self.longest = duration
        fresh = self._fresh
        fresh.append(duration)
        if len(fresh) > FRESH:
            self._fold()

    def absorb(self, other: Tally) -> None:
        """Add what another one has counted."""
        self.calls += other.calls
        self.failed += other.failed
        self.slow += other.slow
        self.total += other.total
        self.longest = max(self.longest, other.longest)
        self._fresh += other._fresh
        if other._binned is not None:
            self._bins().merge(other._binned)

    @property
    def mean(self) -> float:
        """Mean duration, in seconds; 0 without calls."""
        return self.total / self.calls if self.calls else 0.0

    @property
    def error_rate(self) -> float:
        """Failed calls per call, 0 to 1."""
        return self.failed / self.calls if self.calls else 0.0

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """Return the durations, in seconds, that these shares (0 to 1) of all calls stay below; 0 without calls."""
        if not self.calls:
            return (0.0,) * len(shares)
        if self._binned is None:
            ordered = sorted(self._fresh)
            # The nearest rank: the shortest duration that so many calls do not exceed.
            return tuple(ordered[max(0, math.ceil(share * self.calls) - 1)] for share in shares)
        self._fold()
        # Bins only know what is in them, the longest call is known better.
        return tuple(min(self.longest, found) for found in self._binned.quantiles(*shares))

    def durations(self) -> LatencyHistogram:
        """Return how long the calls took, to be kept."""
        whole = LatencyHistogram()
        if self._binned is not None:
            whole.merge(self._binned)
        for duration in self._fresh:
            whole.add(duration)
        return whole

    def _fold(self) -> None:
        add = self._bins().add
        for duration in self._fresh:
            add(duration)
        self._fresh.clear()

    def _bins(self) -> LatencyHistogram:
        if self._binned is None:
            self._binned = LatencyHistogram()
        return self._binned
