"""SQL functions that merge latency histograms and compute percentiles."""

from __future__ import annotations

import sqlite3

from mcpstore.models.latency import LatencyHistogram

__all__ = ["install"]


def install(db: sqlite3.Connection) -> None:
    """Register the functions on a connection."""
    db.create_function("merge_two", 2, _merge_two, deterministic=True)
    db.create_function("p95_of", 4, _p95_of, deterministic=True)
    db.create_aggregate("merge_all", 1, _MergeAll)  # type: ignore[arg-type]  # the result may be NULL


def _merge_two(first: bytes | None, second: bytes | None) -> bytes | None:
    if not first or not second:
        return first or second
    histogram = LatencyHistogram(first)
    histogram.merge_bytes(second)
    return histogram.to_bytes()


def _p95_of(durations: bytes | None, calls: int, longest: int, highest: int) -> int:
    """Return the P95 of a histogram in µs; `highest`, the highest P95 of its parts, if it does not hold all calls."""
    if not durations:
        return highest
    histogram = LatencyHistogram(durations)
    return min(longest, round(histogram.quantiles(0.95)[0] * 1e6)) if histogram.count == calls else highest


class _MergeAll:
    """Aggregate that merges all histograms of a column."""

    def __init__(self) -> None:
        self._histogram = LatencyHistogram()

    def step(self, durations: bytes | None) -> None:
        if durations:
            self._histogram.merge_bytes(durations)

    def finalize(self) -> bytes | None:
        return self._histogram.to_bytes() or None
