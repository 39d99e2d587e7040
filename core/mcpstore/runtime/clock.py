"""Time and chance: the only part that reads clocks and rolls dice."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

__all__ = ["Clock"]


class Clock:
    """The clocks of one store. Durations are monotonic; the wall clock goes into records only.

    Args:
        seed: Makes every roll of the dice repeatable; None rolls afresh.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = random.SystemRandom().randrange(2**64) if seed is None else seed

    def now(self) -> float:
        """Return the time of the event loop, in seconds; never goes back."""
        return asyncio.get_running_loop().time()

    def wall(self) -> datetime:
        """Return the local time, without zone, as people read it."""
        return datetime.now()  # noqa: DTZ005 - local and naive on purpose: users subtract it from datetime.now()

    def posix(self) -> float:
        """Return the time as records keep it: a POSIX timestamp, in seconds."""
        return time.time()

    def wall_at(self, when: float) -> datetime:
        """Return the local time that belongs to a time of the event loop."""
        return self.wall() + timedelta(seconds=when - self.now())

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
        """Call something after `delay` seconds."""
        return asyncio.get_running_loop().call_later(delay, callback, *args)

    def dice(self, name: str) -> random.Random:
        """Return a generator of its own for somebody, so that nobody's luck depends on anybody else's."""
        return random.Random(f"{self._seed}/{name}")  # noqa: S311 - jitter, not cryptography

    def slept(self) -> float:
        """Return the seconds this machine has been suspended since it started; 0 where nobody can tell."""
        if not hasattr(time, "CLOCK_BOOTTIME"):
            return 0.0
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
