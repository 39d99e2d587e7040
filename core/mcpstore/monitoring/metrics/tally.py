"""Counting calls and their durations, in a way that two counts can be added up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ddsketch import LogCollapsingLowestDenseDDSketch as Sketch

__all__ = ["Tally"]

FRESH: Final = 64
"""Durations that are kept as they are; more go into a sketch."""

ACCURACY: Final = 0.01
"""How far a percentile from a sketch may be off, as a share of itself."""

BINS: Final = 1024
"""Bins of a sketch: with this accuracy enough for durations from a microsecond to a quarter of an hour."""


class Tally:
    """Counts calls and their durations.

    A few durations are kept as they are, so that a seldom used tool costs little and its percentiles are exact; more
    than that go into a DDSketch, which is bounded, can be merged, and is off by at most 1 %.

    Attributes:
        calls: Calls that ended.
        failed: Calls that did not end well.
        slow: Calls that took too long for somebody's taste.
        total: Sum of the durations, in seconds.
        longest: The longest duration, in seconds.
    """

    __slots__ = ("_fresh", "_sketch", "calls", "failed", "longest", "slow", "total")

    def __init__(self) -> None:
        self.calls: int = 0
        self.failed: int = 0
        self.slow: int = 0
        self.total: float = 0.0
        self.longest: float = 0.0
        self._fresh: list[float] = []
        self._sketch: Sketch | None = None

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
        if other._sketch is not None:
            self._sketched().merge(other._sketch)

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
        # The nearest rank: the shortest duration that so many calls do not exceed.
        ranks = [max(0, math.ceil(share * self.calls) - 1) for share in shares]
        if self._sketch is None:
            ordered = sorted(self._fresh)
            return tuple(ordered[rank] for rank in ranks)
        self._fold()
        get, last = self._sketch.get_quantile_value, max(1, self.calls - 1)
        # A sketch counts ranks from 0 to 1 and only knows its bins: the longest call is known better.
        return tuple(min(self.longest, get(min(1.0, (rank + 0.5) / last)) or 0.0) for rank in ranks)

    def _fold(self) -> None:
        add = self._sketched().add
        for duration in self._fresh:
            add(duration)
        self._fresh.clear()

    def _sketched(self) -> Sketch:
        if self._sketch is None:
            from ddsketch import LogCollapsingLowestDenseDDSketch  # noqa: PLC0415 - most services never need it

            self._sketch = LogCollapsingLowestDenseDDSketch(ACCURACY, BINS)
        return self._sketch
