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

APART: Final = 0.001
"""Seconds between two who wait for their turn: a loop wakes those of the same instant in any order."""


class Admission:
    """Keeps a fleet from starting all at once, which is what makes starts time out.

    Args:
        clock: The clock of the store.
        per_second: Openings that may begin within any second, all kinds together.
    """

    def __init__(self, clock: Clock, per_second: int = PER_SECOND) -> None:
        self._clock = clock
        self._local = asyncio.Semaphore(min(LOCAL_AT_ONCE, 2 * (os.cpu_count() or 1)))
        self._remote = asyncio.Semaphore(REMOTE_AT_ONCE)
        self._begun: deque[float] = deque(maxlen=per_second)

    @asynccontextmanager
    async def turn(self, *, is_local: bool) -> AsyncGenerator[None]:
        """Wait for one's turn to open, and hold it while opening."""
        async with self._local if is_local else self._remote:
            await self._pace()
            yield

    async def _pace(self) -> None:
        # Whoever comes takes a place a second behind the one who came so many before.
        now = self._clock.now()
        is_full = len(self._begun) == self._begun.maxlen
        due = max(now, self._begun[0] + 1.0, self._begun[-1] + APART) if is_full else now
        self._begun.append(due)
        if due > now:
            await asyncio.sleep(due - now)
