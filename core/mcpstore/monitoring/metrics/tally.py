"""Counters of calls and their latencies, which can be merged."""

from __future__ import annotations

import math
from typing import Final

from mcpstore.models.latency import LatencyHistogram

__all__ = ["Tally"]

MAX_EXACT: Final = 64
"""Most latencies kept exactly; with more, all go into a histogram."""


class Tally:
    """Counters of calls and their latencies.

    A few latencies are kept exactly, so that a rarely used tool needs little memory and has exact percentiles. More go
    into a histogram: it has a bounded size, can be merged, and its percentiles are within 1 %.

    Attributes:
        calls: Finished calls.
        failed: Failed calls.
        slow: Slow calls.
        total: Sum of the latencies, in seconds.
        longest: Highest latency, in seconds.
    """

    __slots__ = ("_binned", "_exact", "calls", "failed", "longest", "slow", "total")

    def __init__(self) -> None:
        self.calls: int = 0
        self.failed: int = 0
        self.slow: int = 0
        self.total: float = 0.0
        self.longest: float = 0.0
        self._exact: list[float] = []
        self._binned: LatencyHistogram | None = None

    def add(self, duration: float, *, failed: bool, slow: bool) -> None:
        """Count a call that took `duration` seconds."""
        self.calls += 1
        self.failed += failed
        self.slow += slow
        self.total += duration
        if duration > self.longest:  # noqa: PLR1730 - runs for every call, and max() is slower
            self.longest = duration
        fresh = self._exact
        fresh.append(duration)
        if len(fresh) > MAX_EXACT:
            self._fold()

    def merge(self, other: Tally) -> None:
        """Add the counts of another tally."""
        self.calls += other.calls
        self.failed += other.failed
        self.slow += other.slow
        self.total += other.total
        self.longest = max(self.longest, other.longest)
        self._exact += other._exact
        if other._binned is not None:
            self._bins().merge(other._binned)

    @property
    def mean(self) -> float:
        """Mean latency, in seconds; 0 without calls."""
        return self.total / self.calls if self.calls else 0.0

    @property
    def error_rate(self) -> float:
        """Failed calls per call, 0 to 1."""
        return self.failed / self.calls if self.calls else 0.0

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """Return the quantiles of the latency, in seconds, for shares between 0 and 1; 0 without calls."""
        if not self.calls:
            return (0.0,) * len(shares)
        if self._binned is None:
            ordered = sorted(self._exact)
            # Nearest rank: the lowest latency that this share of the calls does not exceed.
            return tuple(ordered[max(0, math.ceil(share * self.calls) - 1)] for share in shares)
        self._fold()
        # The histogram is approximate; the highest latency is exact.
        return tuple(min(self.longest, value) for value in self._binned.quantiles(*shares))

    def latencies(self) -> LatencyHistogram:
        """Return the latencies as a histogram."""
        whole = LatencyHistogram()
        if self._binned is not None:
            whole.merge(self._binned)
        for duration in self._exact:
            whole.add(duration)
        return whole

    def _fold(self) -> None:
        add = self._bins().add
        for duration in self._exact:
            add(duration)
        self._exact.clear()

    def _bins(self) -> LatencyHistogram:
        if self._binned is None:
            self._binned = LatencyHistogram()
        return self._binned
