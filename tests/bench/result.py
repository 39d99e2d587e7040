"""The result of a measurement."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import attrs

__all__ = ["Result", "paired"]


@attrs.frozen(kw_only=True)
class Result:
    """One figure.

    Attributes:
        what: What was measured.
        ours: Our figure, with its unit.
        theirs: What it is measured against, with its unit; empty for a figure that stands alone.
        ratio: Ours over theirs.
        aim: The ratio (or the figure itself) aimed at.
        at_most: Whether the aim is an upper bound.
        is_failed: Whether there is no figure, because the measurement raised an error.
    """

    what: str
    ours: str
    theirs: str = ""
    ratio: float | None = None
    aim: float | None = None
    at_most: bool = True
    is_failed: bool = False

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None or self.ratio is None:
            return None
        return self.ratio <= self.aim if self.at_most else self.ratio >= self.aim


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of measurements taken in turn, which a drifting machine hardly disturbs."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
