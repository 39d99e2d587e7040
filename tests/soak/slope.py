"""Growth rates with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import attrs

FEWEST = 4
"""Minimum number of points for a slope."""


@attrs.frozen
class Slope:
    """A slope by least squares.

    Attributes:
        value: Growth in a unit of time.
        margin: Half of the 95 % confidence interval.
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
    """Return the slope of values over times; None if there are too few.

    The residuals of successive samples are not independent (memory that is freed late is still there); treating them
    as independent makes margins too narrow. So the number of points is reduced by their autocorrelation.
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
    lag = min(0.9, max(0.0, lag + (1 + 3 * lag) / n))  # few points underestimate it
    error = math.sqrt(squares / (n - 2) / spread * (1 + lag) / (1 - lag))
    return Slope(value, student(n - 2) * error)


def student(freedom: int) -> float:
    """Return the 97.5th percentile of Student's t, by the Cornish-Fisher expansion."""
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def percentile(values: Sequence[float], share: float) -> tuple[float, float, float]:
    """Return a percentile by the nearest rank, and the bounds of its 95 % confidence interval."""
    ordered = sorted(values)
    n = len(ordered)
    middle, margin = n * share, 1.96 * math.sqrt(n * share * (1 - share))

    def at(rank: float) -> float:
        return ordered[min(n, max(1, math.ceil(rank))) - 1]

    # An upper bound above the largest value is unknown.
    return at(middle), at(middle - margin), at(middle + margin) if middle + margin <= n else math.inf
