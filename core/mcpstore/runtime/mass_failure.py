"""Mass-failure guard: if most services fail at once, the fault is probably on this machine."""

from __future__ import annotations

from typing import Final

__all__ = ["MassFailureGuard"]

SHARE: Final = 0.5
"""Share of the services above which their failures are a mass failure."""

FEWEST: Final = 5
"""Least number of services for a mass failure."""

INTERVALS: Final = 2
"""Number of check intervals after which failures count again."""


class MassFailureGuard:
    """Detects that more than half of at least five services fail their checks within one interval.

    Their failures are then ignored, for two intervals at most (as with Envoy's panic threshold).

    Args:
        interval: The check interval, in seconds.

    Attributes:
        interval: The check interval, in seconds.
    """

    def __init__(self, interval: float) -> None:
        self.interval: float = interval
        self._failed: dict[str, float] = {}
        self._since: float | None = None

    def failed(self, name: str, live: int, now: float) -> bool:
        """Record a failed check; returns whether it is to be ignored.

        Args:
            name: The service.
            live: Number of services with a connection.
            now: Time on the monotonic clock.
        """
        self._failed[name] = now
        recent = sum(1 for when in self._failed.values() if now - when < self.interval)
        if live < FEWEST or recent <= SHARE * live:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since < INTERVALS * self.interval

    def is_raised(self, now: float) -> bool:
        """Whether failures are ignored at this time."""
        return self._since is not None and now - self._since < INTERVALS * self.interval

    def passed(self, name: str) -> None:
        """Record that a service answered, or was removed."""
        self._failed.pop(name, None)
