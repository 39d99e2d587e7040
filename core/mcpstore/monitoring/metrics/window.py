"""Sliding window over the last five minutes, made of slots; old data is dropped one slot at a time."""

from __future__ import annotations

from typing import Final

from mcpstore.monitoring.metrics.tally import Tally

__all__ = ["SLOTS", "SLOT_LENGTH", "Window"]

SLOT_LENGTH: Final = 30.0
SLOTS: Final = 10


class Window:
    """Counts calls in a sliding window of ten slots of 30 s, and since the last sample.

    The current slot is one of the ten, so the window covers the last 270 to 300 s. A call is added to the open tally
    only, which is closed at the end of its slot or when a sample is taken.

    Args:
        now: Start of counting, on the monotonic clock, in seconds.
    """

    __slots__ = ("_began", "_index", "_open", "_past", "_recent", "_slots", "_summed_up_at")

    length: Final = SLOT_LENGTH * SLOTS
    """Length of the window, in seconds."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._index = int(now // SLOT_LENGTH)
        self._open = Tally()
        self._slots: dict[int, Tally] = {}
        self._recent = Tally()
        self._past = Tally()
        self._summed_up_at = -1

    def add(self, duration: float, now: float, *, failed: bool, slow: bool) -> None:
        """Count a call that took `duration` seconds and ended now."""
        index = int(now // SLOT_LENGTH)
        if index != self._index:
            self._move(index)
        self._open.add(duration, failed=failed, slow=slow)

    def tally(self, now: float) -> Tally:
        """Return the counts in the window that ends now."""
        current = int(now // SLOT_LENGTH)
        if current != self._index:
            self._move(current)
        if current != self._summed_up_at:
            # Past slots do not change, so they are added up once.
            self._past = Tally()
            for index, slot in self._slots.items():
                if index != current:
                    self._past.merge(slot)
            self._summed_up_at = current
        whole = Tally()
        whole.merge(self._past)
        if current in self._slots:
            whole.merge(self._slots[current])
        whole.merge(self._open)
        return whole

    def since_last_sample(self, *, keep: bool = False) -> Tally:
        """Return the counts since the last sample; with `keep`, the next sample includes them as well."""
        if keep:
            recent = Tally()
            recent.merge(self._recent)
            recent.merge(self._open)
            return recent
        self._close()
        recent, self._recent = self._recent, Tally()
        return recent

    def covered_seconds(self, now: float) -> float:
        """Return the time that the window covers, in seconds: shorter than its length soon after the start, never 0."""
        first = (int(now // SLOT_LENGTH) - SLOTS + 1) * SLOT_LENGTH
        return max(1.0, now - max(first, self._began))

    def _move(self, index: int) -> None:
        """Close the past slot, and drop those outside the window."""
        self._close()
        self._index = index
        for old in [old for old in self._slots if old <= index - SLOTS]:
            del self._slots[old]

    def _close(self) -> None:
        """Add the open tally to its slot, and to the counts since the last sample."""
        if self._open.calls:
            self._slots.setdefault(self._index, Tally()).merge(self._open)
            self._recent.merge(self._open)
            self._open = Tally()
