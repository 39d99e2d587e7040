"""Histogram of call durations that can be stored, merged and queried for percentiles."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ddsketch.mapping import LogarithmicMapping

__all__ = ["ACCURACY", "LatencyHistogram"]

ACCURACY: Final = 0.01
"""Maximum relative error of a percentile."""

SHORTEST: Final = 1e-6
"""Shortest duration that is distinguished, in seconds; shorter ones are counted as this."""

LONGEST: Final = 86_400.0
"""Longest duration that is distinguished, in seconds; longer ones are counted as this. This limits the bins to 1260."""

_SEVEN_BITS: Final = 0x7F
"""Mask of the bits of a number in one byte; the eighth bit says that more bytes follow."""

_FIRST_KEY: Final = -690
"""Key of the first bin, that of `SHORTEST`, in the library; stored bins are numbered from it."""

_LAST_BIN: Final = 1259
"""Number of the last bin, that of `LONGEST`."""

_MAX_COUNT: Final = 2**53
"""Maximum count of a bin: the largest up to which a float is exact."""


class LatencyHistogram:
    """Histogram of call durations, with the bins of a DDSketch.

    Each bin is 2 % wider than the one before, so the error of a percentile is at most 1 %. Merging histograms gives the
    same result as counting all calls in one. The library computes the bin of a duration and the percentiles; storing
    and merging are done here, so that a few calls take a few bytes.

    Args:
        data: Result of `to_bytes`. Any bytes are accepted; from other bytes, the counts are meaningless.
    """

    __slots__ = ("_bins",)

    def __init__(self, data: bytes = b"") -> None:
        self._bins: dict[int, int] = {}
        self.merge_bytes(data)

    def __len__(self) -> int:
        return len(self._bins)

    @property
    def count(self) -> int:
        """Number of counted calls."""
        return sum(self._bins.values())

    def add(self, seconds: float) -> None:
        """Count a call of this duration, in seconds."""
        number = _mapping().key(min(max(seconds, SHORTEST), LONGEST)) - _FIRST_KEY
        self._bins[number] = self._bins.get(number, 0) + 1

    def merge(self, other: LatencyHistogram) -> None:
        """Add the counts of another histogram."""
        bins = self._bins
        for place, count in other._bins.items():
            bins[place] = bins.get(place, 0) + count

    def merge_bytes(self, data: bytes) -> None:
        """Add the counts of a stored histogram. Called for hundreds of thousands of samples, so it is optimized."""
        bins, place, number, shift, is_count = self._bins, 0, 0, 0, False
        for byte in data:
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
        """Return the quantiles, in seconds, for these shares (0 to 1) of the calls; 0 without calls."""
        if not self._bins:
            return (0.0,) * len(shares)
        from ddsketch.ddsketch import BaseDDSketch  # noqa: PLC0415 - as below
        from ddsketch.store import DenseStore  # noqa: PLC0415

        bins = DenseStore()
        for place, count in self._bins.items():  # clamped, because stored bytes may be corrupt
            bins.add(min(place, _LAST_BIN) + _FIRST_KEY, min(count, _MAX_COUNT))
        find = BaseDDSketch(_mapping(), bins, DenseStore(), 0.0).get_quantile_value
        # Nearest-rank method. The library takes ranks from 0 to 1.
        ranks = [max(0, math.ceil(share * bins.count) - 1) for share in shares]
        last = max(1, bins.count - 1)
        return tuple(find(min(1.0, (rank + 0.5) / last)) or 0.0 for rank in ranks)

    def to_bytes(self) -> bytes:
        """Return the histogram as bytes, about two for each bin that is not empty."""
        data, before = bytearray(), 0
        for place, count in sorted(self._bins.items()):
            for number in (place - before, count):
                while number > _SEVEN_BITS:
                    data.append(number & _SEVEN_BITS | ~_SEVEN_BITS & 0xFF)
                    number >>= 7  # noqa: PLW2901
                data.append(number)
            before = place
        return bytes(data)


@cache
def _mapping() -> LogarithmicMapping:
    from ddsketch.mapping import LogarithmicMapping  # noqa: PLC0415 - loaded when the first call is counted

    return LogarithmicMapping(ACCURACY)
