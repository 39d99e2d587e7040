"""How long calls took, in a form that can be kept, added up, and asked for percentiles."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ddsketch.mapping import LogarithmicMapping

__all__ = ["ACCURACY", "LatencyHistogram"]

ACCURACY: Final = 0.01
"""How far a percentile may be off, as a share of itself."""

SHORTEST: Final = 1e-6
LONGEST: Final = 86_400.0
"""Seconds; what is shorter or longer is counted as this, so that there is a bound to the number of bins: 1260."""

_SEVEN_BITS: Final = 0x7F
"""Seven bits of a number stand in a byte; the eighth says that more follow."""

_FIRST_KEY: Final = -690
"""The key of the first bin, which is where `SHORTEST` belongs: what is kept counts from there."""

_LAST_BIN: Final = 1259
"""Which one, counted from there, the last bin is: where `LONGEST` belongs."""

_MAX_COUNT: Final = 2**53
"""Calls in a bin, at most; up to here a float counts exactly."""


class LatencyHistogram:
    """Counts of calls by how long they took.

    They are the bins of a DDSketch: each is 2 % wider than the one before, so a percentile is off by 1 % at most, and
    what was counted in parts is what would have been counted at once. The library says to which bin a duration belongs
    and where a percentile is; how bins are kept and added up is ours, so that a few calls take a few bytes.

    Args:
        kept: What `to_bytes` returned. Bytes that are nothing of the kind count something else than was counted, which
            `count` shows.
    """

    __slots__ = ("_bins",)

    def __init__(self, kept: bytes = b"") -> None:
        self._bins: dict[int, int] = {}
        self.merge_bytes(kept)

    def __len__(self) -> int:
        return len(self._bins)

    @property
    def count(self) -> int:
        """How many calls were counted."""
        return sum(self._bins.values())

    def add(self, seconds: float) -> None:
        """Count a call that took so many seconds."""
        place = _mapping().key(min(max(seconds, SHORTEST), LONGEST)) - _FIRST_KEY
        self._bins[place] = self._bins.get(place, 0) + 1

    def merge(self, other: LatencyHistogram) -> None:
        """Add what another one has counted."""
        bins = self._bins
        for place, count in other._bins.items():
            bins[place] = bins.get(place, 0) + count

    def merge_bytes(self, kept: bytes) -> None:
        """Add what was kept. Done for hundreds of thousands of samples at once, so every step counts."""
        bins, place, number, shift, is_count = self._bins, 0, 0, 0, False
        for byte in kept:
            if byte > _SEVEN_BITS:
                number |= (byte & _SEVEN_BITS) << shift
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
        if not self._bins:
            return (0.0,) * len(shares)
        from ddsketch.ddsketch import BaseDDSketch  # noqa: PLC0415 - as below
        from ddsketch.store import DenseStore  # noqa: PLC0415

        bins = DenseStore()
        for place, count in self._bins.items():  # bounded, because bytes of strangers may say anything
            bins.add(min(place, _LAST_BIN) + _FIRST_KEY, min(count, _MAX_COUNT))
        find = BaseDDSketch(_mapping(), bins, DenseStore(), 0.0).get_quantile_value
        # The nearest rank: the shortest duration that so many calls do not exceed. The library's ranks go from 0 to 1.
        ranks = [max(0, math.ceil(share * bins.count) - 1) for share in shares]
        last = max(1, bins.count - 1)
        return tuple(find(min(1.0, (rank + 0.5) / last)) or 0.0 for rank in ranks)

    def to_bytes(self) -> bytes:
        """Return what was counted as bytes, about two for each bin that is not empty."""
        kept, before = bytearray(), 0
        for place, count in sorted(self._bins.items()):
            for number in (place - before, count):
                while number > _SEVEN_BITS:
                    kept.append(number & _SEVEN_BITS | ~_SEVEN_BITS & 0xFF)
                    number >>= 7  # noqa: PLW2901
                kept.append(number)
            before = place
        return bytes(kept)


@cache
def _mapping() -> LogarithmicMapping:
    from ddsketch.mapping import LogarithmicMapping  # noqa: PLC0415 - only for those who have calls to count

    return LogarithmicMapping(ACCURACY)
