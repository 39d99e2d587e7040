"""Who may open now: a few at a time, so many a second, first come first served."""

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
"""Processes started at once; on a machine with one processor half as many."""

REMOTE_AT_ONCE: Final = 16
PER_SECOND: Final = 20
"""Openings that may begin within any second."""

GIVES_WAY: Final = 5.0
"""Seconds of an opening after which it gives its place to the next: whoever hangs needs nothing from this machine."""

MAX_OVERFLOW_PER_SLOT: Final = 2
"""How many may go on opening without a place, for each place there is: a machine that is merely slow must not be made
slower by all the rest."""

MIN_SPACING: Final = 0.001
"""Seconds that a turn comes later than it might: a loop wakes those of the same instant in any order, and not all on
time."""


class Admission:
    """Keeps a fleet from starting all at once, which is what makes starts time out.

    Args:
        clock: The clock of the store.
        per_second: Openings that may begin within any second, all kinds together.
    """

    def __init__(self, clock: Clock, per_second: int = PER_SECOND) -> None:
        self._clock = clock
        self._local = _Places(clock, min(LOCAL_AT_ONCE, 2 * (os.cpu_count() or 1)))
        self._remote = _Places(clock, REMOTE_AT_ONCE)
        self._begun: deque[float] = deque(maxlen=per_second)

    @asynccontextmanager
    async def turn(self, *, is_local: bool) -> AsyncGenerator[None]:
        """Wait for one's turn to open, and hold it while opening, if that does not take long."""
        async with (self._local if is_local else self._remote).taken():
            await self._pace()
            yield

    async def _pace(self) -> None:
        # Whoever comes takes a place a second behind the one who came so many before.
        now = self._clock.now()
        is_full = len(self._begun) == self._begun.maxlen
        due = max(now, self._begun[0] + 1.0 + MIN_SPACING, self._begun[-1] + MIN_SPACING) if is_full else now
        self._begun.append(due)
        if due > now:
            await asyncio.sleep(due - now)


class _Places:
    """So many places; they are given in the order in which they were asked for."""

    def __init__(self, clock: Clock, count: int) -> None:
        self.clock: Final = clock
        self.free: Final = asyncio.Semaphore(count)
        self.may_stay: int = MAX_OVERFLOW_PER_SLOT * count

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[None]:
        """Hold a place; whoever holds one for long gives it to the next, and goes on without."""
        await self.free.acquire()
        place = _Place(self)
        try:
            yield
        finally:
            place.leave()


class _Place:
    """A place that somebody holds, or has given up and stays without."""

    def __init__(self, places: _Places) -> None:
        self._places: Final = places
        self._is_held = True
        self._timer = places.clock.call_later(GIVES_WAY, self._give_way)

    def leave(self) -> None:
        """Let others in."""
        self._timer.cancel()
        if self._is_held:
            self._places.free.release()
        else:
            self._places.may_stay += 1

    def _give_way(self) -> None:
        if self._places.may_stay:
            self._places.may_stay -= 1
            self._is_held = False
            self._places.free.release()
        else:
            self._timer = self._places.clock.call_later(GIVES_WAY, self._give_way)
