"""An event loop in virtual time: time advances only when nothing else can happen.

Sleeps, timeouts and timers of this loop run in virtual time: hours take milliseconds, and the order of events is the
same on every machine. The model is trio's MockClock with autojump.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final

from mcpstore.runtime.clock import Clock

__all__ = ["FakeClock", "VirtualLoop"]


EPOCH: Final = 1_700_000_000.0
"""POSIX timestamp at which the clock of a test starts, in seconds."""


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that advances the clock of its loop instead of waiting."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0 or (timeout is not None and timeout < 0):
            return ready
        if self.loop.jobs:  # a thread is running: its result comes before any timer
            return super().select(None)
        if timeout is None:
            if len(self.get_map()) <= 1:  # only the loop's own wake-up pipe is registered
                raise RuntimeError("deadlock in virtual time: every task waits, and no timer is armed")
            return super().select(None)
        self.loop.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with its own clock, which starts at 0 s.

    Attributes:
        jobs: Number of running executor jobs; time stands still while it is above 0.
    """

    def __init__(self) -> None:
        self._virtual_now = 0.0
        self.jobs: int = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._virtual_now

    def jump(self, seconds: float) -> None:
        """Advance the clock, in seconds."""
        # Slightly more than asked, as a real selector oversleeps: rounding must not leave a timer just not due.
        self._virtual_now += seconds + 1e-9

    def run_in_executor(  # type: ignore[override]  # the base class says the same with more overloads
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run a function in a thread; time stands still until it returns."""
        self.jobs += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._job_done)
        return future

    async def shutdown_default_executor(self, *timeout: Any) -> None:
        """Wait for the threads; time stands still until they end."""
        self.jobs += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self.jobs -= 1

    def _job_done(self, _future: asyncio.Future[Any]) -> None:
        self.jobs -= 1


class FakeClock(Clock):
    """A clock for tests: seeded random numbers, and suspends of the host that a test sets."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self.asleep: float = 0.0

    def posix(self) -> float:
        """Return a POSIX timestamp that goes with the time of the loop, in seconds."""
        return EPOCH + self.now()

    def slept(self) -> float:
        """Return the seconds the machine is said to have been suspended."""
        return self.asleep
