"""The last five minutes, in slots: what falls out of the window is forgotten a slot at a time."""

from __future__ import annotations

from typing import Final

from mcpstore.monitoring.metrics.tally import Tally

__all__ = ["SLOT", "SLOTS", "Window"]

SLOT: Final = 30.0
SLOTS: Final = 10


class Window:
    """Counts calls over a sliding window of ten slots of 30 s.

    The slot that time is in now counts among the ten, so the window covers the last 270 to 300 s.

    Args:
        now: When counting begins, on the monotonic clock, in seconds.
    """

    __slots__ = ("_began", "_past", "_slots", "_summed_up_at")

    length: Final = SLOT * SLOTS
    """Length of the window, in seconds."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._slots: dict[int, Tally] = {}
        self._past = Tally()
        self._summed_up_at = -1

    def add(self, duration: float, now: float, *, failed: bool, slow: bool) -> None:
        """Count a call that took `duration` seconds and ended now."""
        index = int(now // SLOT)
        slot = self._slots.get(index)
        if slot is None:
            self._forget(index)
            slot = self._slots[index] = Tally()
        slot.add(duration, failed=failed, slow=slow)

    def tally(self, now: float) -> Tally:
        """Return what was counted in the window that ends now."""
        current = int(now // SLOT)
        if current != self._summed_up_at:
            # Slots that are over do not change, so they are added up once.
            self._forget(current)
            self._past = Tally()
            for index, slot in self._slots.items():
                if index != current:
                    self._past.absorb(slot)
            self._summed_up_at = current
        whole = Tally()
        whole.absorb(self._past)
        if (open_slot := self._slots.get(current)) is not None:
            whole.absorb(open_slot)
        return whole

    def covered(self, now: float) -> float:
        """Return the seconds the window covers now: less than its length while counting is young; never 0."""
        first = (int(now // SLOT) - SLOTS + 1) * SLOT
        return max(1.0, now - max(first, self._began))

    def _forget(self, current: int) -> None:
        for index in [index for index in self._slots if index <= current - SLOTS]:
            del self._slots[index]
