"""Admission control of openings: bounds how many run at once and how many begin in a second, in order of arrival."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from mcpstore.runtime.clock import Clock

__all__ = ["Admission"]

LOCAL_AT_ONCE: Final = 4
"""Number of local openings at once; half as many on a machine with one processor."""

REMOTE_AT_ONCE: Final = 16
"""Number of remote openings at once."""

PER_SECOND: Final = 20
"""Number of openings that may begin within any second."""

SLOT_TIMEOUT: Final = 5.0
"""Time after which an opening gives its slot to the next, in seconds: one that hangs needs nothing of this machine."""

MAX_OVERFLOW_PER_SLOT: Final = 2
"""Number of openings per slot that may go on without one: on a slow machine, more would make all of them slower."""

MIN_SPACING: Final = 0.001
"""Least time between turns, in seconds: a loop wakes tasks of the same instant in any order, and not all on time."""


class Admission:
    """Spreads openings over time, because services that all start at once exceed their time limits.

    Args:
        clock: Clock of the store.
        per_second: Number of openings that may begin within any second, local and remote together.
    """

    def __init__(self, clock: Clock, per_second: int = PER_SECOND) -> None:
        self._clock = clock
        self._local = _Slots(clock, min(LOCAL_AT_ONCE, 2 * (os.cpu_count() or 1)))
        self._remote = _Slots(clock, REMOTE_AT_ONCE)
        self._begun: deque[float] = deque(maxlen=per_second)

    @asynccontextmanager
    async def turn(self, *, is_local: bool) -> AsyncGenerator[None]:
        """Wait for the turn to open, and hold a slot during the opening, at most for `SLOT_TIMEOUT`."""
        async with (self._local if is_local else self._remote).taken():
            await self._pace()
            yield

    async def _pace(self) -> None:
        # An opening begins at least a second after the one that is `per_second` before it.
        now = self._clock.now()
        is_full = len(self._begun) == self._begun.maxlen
        due = max(now, self._begun[0] + 1.0 + MIN_SPACING, self._begun[-1] + MIN_SPACING) if is_full else now
        self._begun.append(due)
        if due > now:
            await asyncio.sleep(due - now)


class _Slots:
    """A number of slots, assigned in order of arrival."""

    def __init__(self, clock: Clock, count: int) -> None:
        self.clock: Final = clock
        self.free: Final = asyncio.Semaphore(count)
        self.overflow_left: int = MAX_OVERFLOW_PER_SLOT * count

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[None]:
        """Hold a slot; after `SLOT_TIMEOUT`, it goes to the next opening and this one goes on without."""
        await self.free.acquire()
        slot = _Slot(self)
        try:
            yield
        finally:
            slot.leave()


class _Slot:
    """One opening, with a slot or, after the timeout, without."""

    def __init__(self, slots: _Slots) -> None:
        self._slots: Final = slots
        self._is_held = True
        self._timer = slots.clock.call_later(SLOT_TIMEOUT, self._time_out)

    def leave(self) -> None:
        """Release the slot."""
        self._timer.cancel()
        if self._is_held:
            self._slots.free.release()
        else:
            self._slots.overflow_left += 1

    def _time_out(self) -> None:
        if self._slots.overflow_left:
            self._slots.overflow_left -= 1
            self._is_held = False
            self._slots.free.release()
        else:
            self._timer = self._slots.clock.call_later(SLOT_TIMEOUT, self._time_out)
