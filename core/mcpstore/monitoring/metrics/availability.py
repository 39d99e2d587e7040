"""How long a service was wanted, and how much of that it was usable: from intervals, not from samples."""

from __future__ import annotations

__all__ = ["Presence"]


class Presence:
    """Adds up intervals that follow each other without a gap.

    Args:
        now: When the first interval begins, on the monotonic clock, in seconds.
    """

    __slots__ = ("_since", "_usable", "_wanted", "_was_usable", "_was_wanted")

    def __init__(self, now: float) -> None:
        self._since = now
        self._was_wanted = False
        self._was_usable = False
        self._wanted = 0.0
        self._usable = 0.0

    def move(self, now: float, *, wanted: bool, usable: bool) -> None:
        """Begin another interval.

        Args:
            now: When, on the monotonic clock, in seconds.
            wanted: Whether the service is wanted from now on.
            usable: Whether it is usable from now on.
        """
        self._wanted, self._usable = self.until(now)
        self._since = now
        self._was_wanted = wanted
        self._was_usable = wanted and usable

    def until(self, now: float) -> tuple[float, float]:
        """Return the seconds it was wanted, and those of them it was usable, up to now."""
        lasted = max(0.0, now - self._since)
        return self._wanted + lasted * self._was_wanted, self._usable + lasted * self._was_usable

    def availability(self, now: float) -> float:
        """Return the usable share of the time it was wanted, in per cent; 100 if it was never wanted."""
        wanted, usable = self.until(now)
        return 100.0 * usable / wanted if wanted > 0 else 100.0
