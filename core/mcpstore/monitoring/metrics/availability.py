"""Availability of a service: the time it was to run, and the part of it in which it was usable."""

from __future__ import annotations

__all__ = ["AvailabilityCounter"]


class AvailabilityCounter:
    """Adds up consecutive intervals.

    Args:
        now: Start of the first interval, on the monotonic clock, in seconds.
    """

    __slots__ = ("_since", "_usable", "_wanted", "_was_usable", "_was_wanted")

    def __init__(self, now: float) -> None:
        self._since = now
        self._was_wanted = False
        self._was_usable = False
        self._wanted = 0.0
        self._usable = 0.0

    def begin_interval(self, now: float, *, wanted: bool, usable: bool) -> None:
        """Begin the next interval.

        Args:
            now: Current time, on the monotonic clock, in seconds.
            wanted: Whether the service is to run.
            usable: Whether it is usable.
        """
        self._wanted, self._usable = self.totals(now)
        self._since = now
        self._was_wanted = wanted
        self._was_usable = wanted and usable

    def totals(self, now: float) -> tuple[float, float]:
        """Return the time the service was to run and the part of it in which it was usable, in seconds, up to now."""
        lasted = max(0.0, now - self._since)
        return self._wanted + lasted * self._was_wanted, self._usable + lasted * self._was_usable

    def availability(self, now: float) -> float:
        """Return the usable share of the time the service was to run, in per cent; 100 if it was never to run."""
        wanted, usable = self.totals(now)
        return 100.0 * usable / wanted if wanted > 0 else 100.0
