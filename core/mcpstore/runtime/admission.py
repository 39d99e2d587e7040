"""Who may open now: a few at a time, so many a second, first come first served."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from mcpstore.runtime.clock import Clock

__all__ = ["Admission"]

LOCAL_AT_ONCE: Final = 4
"""Processes started at once; on a machine with one processor half as many."""

REMOTE_AT_ONCE: Final = 16
PER_SECOND: Final = 20.0


class Admission:
    """Keeps a fleet from starting all at once, which is what makes starts time out.

    Args:
        clock: The clock of the store.
        per_second: Openings a second, all kinds together; as many may come in one burst.
    """

    def __init__(self, clock: Clock, per_second: float = PER_SECOND) -> None:
        self._clock = clock
        self._local = asyncio.Semaphore(min(LOCAL_AT_ONCE, 2 * (os.cpu_count() or 1)))
        self._remote = asyncio.Semaphore(REMOTE_AT_ONCE)
        self._interval = 1.0 / per_second
        self._burst = per_second * self._interval
        self._next = float("-inf")

    @asynccontextmanager
    async def turn(self, *, is_local: bool) -> AsyncGenerator[None]:
        """Wait for one's turn to open, and hold it while opening."""
        async with self._local if is_local else self._remote:
            await self._pace()
            yield

    async def _pace(self) -> None:
        # The generic cell rate algorithm (ITU-T I.371): one number is the whole memory, and callers stay in order.
        now = self._clock.now()
        due = max(self._next, now - self._burst)
        self._next = due + self._interval
        if due > now:
            await asyncio.sleep(due - now)
