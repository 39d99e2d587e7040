"""When most services fail at once, the fault is ours."""

from __future__ import annotations

from typing import Final

__all__ = ["MassFailureGuard"]

SHARE: Final = 0.5
FEWEST: Final = 5
INTERVALS: Final = 2


class MassFailureGuard:
    """Notices when more than half of at least five services fail their checks within one interval.

    Then their failures say nothing about them, for two intervals at most (after Envoy's panic threshold).

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
        """Take down a failed check and tell whether it should count for nothing.

        Args:
            name: The service.
            live: How many services have a connection.
            now: The time.
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
        """Whether failures count for nothing at the moment."""
        return self._since is not None and now - self._since < INTERVALS * self.interval

    def passed(self, name: str) -> None:
        """Take down that a service answered, or is not there any longer."""
        self._failed.pop(name, None)
