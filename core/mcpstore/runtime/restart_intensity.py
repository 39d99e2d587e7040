"""Restart intensity: counts the recent losses of a service."""

from __future__ import annotations

from collections import deque

__all__ = ["RestartWindow"]


class RestartWindow:
    """Counts losses within a sliding window (the restart intensity of Erlang/OTP supervisors).

    Args:
        burst: Number of losses that are tolerated within the window.
        period: Length of the window, in seconds.
    """

    __slots__ = ("_losses", "_period")

    def __init__(self, burst: int, period: float) -> None:
        self._losses: deque[float] = deque(maxlen=burst)
        self._period = period

    def is_full(self, now: float) -> bool:
        """Whether one more loss now exceeds the intensity."""
        return len(self._losses) == self._losses.maxlen and now - self._losses[0] < self._period

    def add(self, now: float) -> None:
        """Count a loss."""
        self._losses.append(now)

    def clear(self) -> None:
        """Forget every loss."""
        self._losses.clear()
