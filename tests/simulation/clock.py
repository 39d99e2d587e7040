"""The clocks of a simulated machine: one that only goes forward, and one that people set."""

from __future__ import annotations

from datetime import UTC, datetime

from mcpstore.testing.loop import FakeClock

__all__ = ["SimulatedClock"]


class SimulatedClock(FakeClock):
    """A clock whose machine can be suspended, and whose wall clock can be set.

    Attributes:
        shift: Seconds by which people have moved the wall clock.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self.shift: float = 0.0

    def posix(self) -> float:
        """Return the time of the wall clock as a POSIX timestamp, in seconds; it may go back."""
        return super().posix() + self.asleep + self.shift

    def wall(self) -> datetime:
        """Return the time of the wall clock, without zone."""
        return datetime.fromtimestamp(self.posix(), UTC).replace(tzinfo=None)
