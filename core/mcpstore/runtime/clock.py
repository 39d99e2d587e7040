"""Clock and random generators: the only module that reads clocks and randomness for decisions."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["Clock"]


class Clock:
    """The clocks of one store. Durations are monotonic; the wall clock is used in records only.

    Args:
        seed: Seed of the random generators, for repeatable tests; None for a random one.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = random.SystemRandom().randrange(2**64) if seed is None else seed

    def now(self) -> float:
        """Return the monotonic time of the event loop, in seconds."""
        return asyncio.get_running_loop().time()

    def wall(self) -> datetime:
        """Return the local time, without zone."""
        return datetime.now()  # noqa: DTZ005 - local and naive: users subtract it from datetime.now()

    def posix(self) -> float:
        """Return the POSIX timestamp, in seconds."""
        return time.time()

    def wall_at(self, when: float) -> datetime:
        """Return the local time of a time of the event loop."""
        return self.wall() + timedelta(seconds=when - self.now())

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
        """Call a function after `delay` seconds."""
        return asyncio.get_running_loop().call_later(delay, callback, *args)

    def boot_id(self) -> str:
        """Return the id of this boot of the machine; empty if it is unknown."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return ""

    def dice(self, name: str) -> random.Random:
        """Return the random generator of this name; generators of different names are independent."""
        return random.Random(f"{self._seed}/{name}")  # noqa: S311 - jitter, not cryptography

    def slept(self) -> float:
        """Return how long this machine was suspended since boot, in seconds; 0 where the system does not report it."""
        if not hasattr(time, "CLOCK_BOOTTIME"):
            return 0.0
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
