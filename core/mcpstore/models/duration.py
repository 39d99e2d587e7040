"""Durations as people write them: "90s", "15m", "1h30m", "7d"."""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["parse_duration"]

_SECONDS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)\s*", re.ASCII)
_PARTS: Final = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def parse_duration(text: str, *, needs_unit: bool = False) -> float:
    """Return a duration in seconds, above 0.

    Args:
        text: One or more numbers with a unit (s, m or min, h, d, w), such as "1h30m"; or a number of seconds.
        needs_unit: Whether a number without a unit is refused.

    Raises:
        ValueError: The text is no such duration, or the duration is 0.
    """
    plain = text.strip().lower()
    seconds = 0.0
    if _PARTS.fullmatch(plain):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(plain))
    elif _NUMBER.fullmatch(plain) and not needs_unit:
        seconds = float(plain)
    if not 0.0 < seconds < math.inf:
        raise ValueError(f"must be a duration such as 90s, 15m, 1h30m or 7d (got {text!r})")
    return seconds
