"""How long calls took, in a form that can be kept, added up, and asked for percentiles."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["ACCURACY", "Durations"]

ACCURACY: Final = 0.01
"""How far a percentile may be off, as a share of itself."""

SHORTEST: Final = 1e-6
LONGEST: Final = 86_400.0
"""Seconds; what is shorter or longer is counted as this, so that there is a bound to the number of bins: 1260."""

_SEVEN: Final = 0x7F
"""Seven bits of a number stand in a byte; the eighth says that more follow."""

_BASE: Final = (1 + ACCURACY) / (1 - ACCURACY)
_PER_LOG: Final = 1 / math.log(_BASE)
_FIRST: Final = math.ceil(math.log(SHORTEST) * _PER_LOG)


class Durations:
    """Counts of calls by how long they took.

    Each bin is 2 % wider than the one before, so a percentile is off by 1 % at most, and what was counted in parts is
    what would have been counted at once. (This is the logarithmic mapping of DDSketch.) A few calls take a few bytes.

    Args:
        kept: What `to_bytes` returned. Bytes that are nothing of the kind count something else than was counted, which
            `count` shows.
    """

    __slots__ = ("_bins",)

    def __init__(self, kept: bytes = b"") -> None:
        self._bins: dict[int, int] = {}
        self.take(kept)

    def __len__(self) -> int:
        return len(self._bins)

    @property
    def count(self) -> int:
        """How many calls were counted."""
        return sum(self._bins.values())

    def add(self, seconds: float) -> None:
        """Count a call that took so many seconds."""
        place = math.ceil(math.log(min(max(seconds, SHORTEST), LONGEST)) * _PER_LOG) - _FIRST
        self._bins[place] = self._bins.get(place, 0) + 1

    def absorb(self, other: Durations) -> None:
        """Add what another one has counted."""
        bins = self._bins
        for place, count in other._bins.items():
            bins[place] = bins.get(place, 0) + count

    def take(self, kept: bytes) -> None:
        """Add what was kept. Done for hundreds of thousands of samples at once, so every step counts."""
        bins, place, number, shift, is_count = self._bins, 0, 0, 0, False
        for byte in kept:
            if byte > _SEVEN:
                number |= (byte & _SEVEN) << shift
                shift += 7
                continue
            if shift:
                byte = number | byte << shift  # noqa: PLW2901
                number = shift = 0
            if is_count:
                bins[place] = bins.get(place, 0) + byte
            else:
                place += byte
            is_count = not is_count

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """Return the durations, in seconds, that these shares (0 to 1) of all calls do not exceed; 0 without calls."""
        ordered, whole = sorted(self._bins.items()), self.count
        return tuple(_found(ordered, math.ceil(share * whole)) for share in shares)

    def to_bytes(self) -> bytes:
        """Return what was counted as bytes, about two for each bin that is not empty."""
        kept, before = bytearray(), 0
        for place, count in sorted(self._bins.items()):
            for number in (place - before, count):
                while number > _SEVEN:
                    kept.append(number & _SEVEN | ~_SEVEN & 0xFF)
                    number >>= 7  # noqa: PLW2901
                kept.append(number)
            before = place
        return bytes(kept)


def _found(ordered: list[tuple[int, int]], rank: int) -> float:
    seen = 0
    for place, count in ordered:
        seen += count
        if seen >= rank:
            return 2 * _BASE ** (place + _FIRST) / (1 + _BASE)
    return 0.0
