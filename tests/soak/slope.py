"""How fast a figure grows, and how well that can be known from what was seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import attrs

FEWEST = 4
"""Points from which on a slope is worth telling."""


@attrs.frozen
class Slope:
    """A slope by least squares.

    Attributes:
        value: How much a figure grows in a unit of time.
        margin: Half of the interval that holds the true slope 95 times in 100.
    """

    value: float
    margin: float

    @property
    def low(self) -> float:
        return self.value - self.margin

    @property
    def high(self) -> float:
        return self.value + self.margin


def slope(times: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Return the slope of values over times; None if there are too few to tell.

    What is left of a figure beside its line is not independent from one look to the next (memory that was freed late
    is still there), and to pretend so makes margins too narrow. So points count for as many as their autocorrelation
    leaves of them.
    """
    n = len(times)
    if n < FEWEST:
        return None
    middle, mean = math.fsum(times) / n, math.fsum(values) / n
    spread = math.fsum((t - middle) ** 2 for t in times)
    if spread == 0:
        return None
    value = math.fsum((t - middle) * (v - mean) for t, v in zip(times, values, strict=True)) / spread
    rest = [v - mean - value * (t - middle) for t, v in zip(times, values, strict=True)]
    squares = math.fsum(r * r for r in rest)
    if squares <= 1e-18 * max(1.0, mean * mean) * n:
        return Slope(value, 0.0)
    lag = math.fsum(a * b for a, b in pairwise(rest)) / squares
    lag = min(0.9, max(0.0, lag + (1 + 3 * lag) / n))  # few points show less of it than there is
    error = math.sqrt(squares / (n - 2) / spread * (1 + lag) / (1 - lag))
    return Slope(value, student(n - 2) * error)


def student(freedom: int) -> float:
    """Return the 97.5 per cent point of Student's t, by the expansion of Cornish and Fisher."""
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def percentile(values: Sequence[float], share: float) -> tuple[float, float, float]:
    """Return a percentile by the nearest rank, between the bounds that hold the true one 95 times in 100."""
    ordered = sorted(values)
    n = len(ordered)
    middle, margin = n * share, 1.96 * math.sqrt(n * share * (1 - share))

    def at(rank: float) -> float:
        return ordered[min(n, max(1, math.ceil(rank))) - 1]

    # Where the upper bound would be beyond the greatest, nobody knows it.
    return at(middle), at(middle - margin), at(middle + margin) if middle + margin <= n else math.inf
