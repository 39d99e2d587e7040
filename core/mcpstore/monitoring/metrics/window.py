"""The last five minutes, in slots: what falls out of the window is forgotten a slot at a time."""

from __future__ import annotations

from typing import Final

from mcpstore.monitoring.metrics.tally import Tally

__all__ = ["SLOT", "SLOTS", "Window"]

SLOT: Final = 30.0
SLOTS: Final = 10


class Window:
    """Counts calls over a sliding window of ten slots of 30 s, and since somebody took a sample.

    The slot that time is in now counts among the ten, so the window covers the last 270 to 300 s. A call is counted in
    one place only, the open tally, which is closed when its slot is over or a sample is taken.

    Args:
        now: When counting begins, on the monotonic clock, in seconds.
    """

    __slots__ = ("_began", "_index", "_open", "_past", "_recent", "_slots", "_summed_up_at")

    length: Final = SLOT * SLOTS
    """Length of the window, in seconds."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._index = int(now // SLOT)
        self._open = Tally()
        self._slots: dict[int, Tally] = {}
        self._recent = Tally()
        self._past = Tally()
        self._summed_up_at = -1

    def add(self, duration: float, now: float, *, failed: bool, slow: bool) -> None:
        """Count a call that took `duration` seconds and ended now."""
        index = int(now // SLOT)
        if index != self._index:
            self._move(index)
        self._open.add(duration, failed=failed, slow=slow)

    def tally(self, now: float) -> Tally:
        """Return what was counted in the window that ends now."""
        current = int(now // SLOT)
        if current != self._index:
            self._move(current)
        if current != self._summed_up_at:
            # Slots that are over do not change, so they are added up once.
            self._past = Tally()
            for index, slot in self._slots.items():
                if index != current:
                    self._past.absorb(slot)
            self._summed_up_at = current
        whole = Tally()
        whole.absorb(self._past)
        if current in self._slots:
            whole.absorb(self._slots[current])
        whole.absorb(self._open)
        return whole

    def recent(self, *, keep: bool = False) -> Tally:
        """Return what was counted since somebody asked last; with `keep`, whoever asks next is told it again."""
        if keep:
            recent = Tally()
            recent.absorb(self._recent)
            recent.absorb(self._open)
            return recent
        self._close()
        recent, self._recent = self._recent, Tally()
        return recent

    def covered(self, now: float) -> float:
        """Return the seconds the window covers now: less than its length while counting is young; never 0."""
        first = (int(now // SLOT) - SLOTS + 1) * SLOT
        return max(1.0, now - max(first, self._began))

    def _move(self, index: int) -> None:
        """Close the slot that is over, and forget those that left the window."""
        self._close()
        self._index = index
        for old in [old for old in self._slots if old <= index - SLOTS]:
            del self._slots[old]

    def _close(self) -> None:
        """Add the open tally to its slot, and to what was counted since the last sample."""
        if self._open.calls:
            self._slots.setdefault(self._index, Tally()).absorb(self._open)
            self._recent.absorb(self._open)
            self._open = Tally()
