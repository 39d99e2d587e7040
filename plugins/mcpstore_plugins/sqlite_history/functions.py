"""What SQLite cannot do by itself: add up how long calls took, and find a percentile in it."""

from __future__ import annotations

import sqlite3

from mcpstore.models.latency import LatencyHistogram

__all__ = ["install"]


def install(db: sqlite3.Connection) -> None:
    """Let statements on a connection use our functions."""
    db.create_function("added_up", 2, _added_up, deterministic=True)
    db.create_function("p95_of", 4, _p95_of, deterministic=True)
    db.create_aggregate("all_of", 1, _AllOf)  # type: ignore[arg-type]  # it may end with NULL, too


def _added_up(some: bytes | None, more: bytes | None) -> bytes | None:
    if not some or not more:
        return some or more
    whole = LatencyHistogram(some)
    whole.merge_bytes(more)
    return whole.to_bytes()


def _p95_of(kept: bytes | None, calls: int, longest: int, highest: int) -> int:
    """Return the percentile, in µs; the highest of those it is made of, if it is not known how long every call took."""
    if not kept:
        return highest
    whole = LatencyHistogram(kept)
    return min(longest, round(whole.quantiles(0.95)[0] * 1e6)) if whole.count == calls else highest


class _AllOf:
    """Adds up a whole column."""

    def __init__(self) -> None:
        self._whole = LatencyHistogram()

    def step(self, kept: bytes | None) -> None:
        if kept:
            self._whole.merge_bytes(kept)

    def finalize(self) -> bytes | None:
        return self._whole.to_bytes() or None
