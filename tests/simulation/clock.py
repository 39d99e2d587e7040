"""The clocks of a simulated machine: a monotonic one, and a wall clock that can be set."""

from __future__ import annotations

from datetime import UTC, datetime

from mcpstore.testing.loop import FakeClock

__all__ = ["SimulatedClock"]


class SimulatedClock(FakeClock):
    """A clock whose machine can be suspended, and whose wall clock can be set.

    Attributes:
        shift: Seconds by which the wall clock was moved.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self.shift: float = 0.0

    def posix(self) -> float:
        """Return the time of the wall clock as a POSIX timestamp, in seconds; it may jump back."""
        return super().posix() + self.asleep + self.shift

    def wall(self) -> datetime:
        """Return the time of the wall clock, without zone."""
        return datetime.fromtimestamp(self.posix(), UTC).replace(tzinfo=None)
