"""Scales of plots: positions and labels of the ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

__all__ = ["nice_top", "time_ticks"]

_STEPS: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
)  # fmt: skip
_DAY: Final = 86_400
_MINUTE: Final = 60


def nice_top(value: float) -> float:
    """Return a round number not below a value: 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 5) if step * power >= value * 0.999), 10 * power)


def time_ticks(begin: float, end: float, most: int) -> Iterable[tuple[float, str]]:
    """Yield times that are round in local time, each with its label.

    Args:
        begin: Start of the axis, as a POSIX timestamp in seconds.
        end: End of the axis, as a POSIX timestamp in seconds.
        most: Most ticks.
    """
    if end <= begin:
        return
    step = next((step for step in _STEPS if (end - begin) / step <= most), _STEPS[-1])
    form = "%m-%d" if step >= _DAY else "%H:%M" if step >= _MINUTE else "%H:%M:%S"
    midnight = datetime.fromtimestamp(begin).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + timedelta(seconds=math.ceil((begin - midnight.timestamp()) / step) * step)
    while moment.timestamp() <= end:
        yield moment.timestamp(), f"{moment:{form}}"
        moment += timedelta(seconds=step)
