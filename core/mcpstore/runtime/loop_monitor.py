"""Noticing our own trouble: a loop that stood still, a machine that slept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from mcpstore.runtime.clock import Clock

__all__ = ["LoopMonitor"]

BEAT: Final = 1.0
TROUBLE: Final = 5.0
"""A beat that comes this many seconds late, or a sleep this long, is trouble."""

_log = logging.getLogger("mcpstore.runtime")


class LoopMonitor:
    """Beats once a second and notices when a beat was late.

    Args:
        clock: The clock of the store.
        on_resume: Called after a stall or a sleep.

    Attributes:
        last_trouble: When the last stall or sleep ended, on the monotonic clock.
    """

    def __init__(self, clock: Clock, on_resume: Callable[[], None]) -> None:
        self._clock = clock
        self._on_resume = on_resume
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._slept = 0.0
        self.last_trouble: float = float("-inf")

    @property
    def is_beating(self) -> bool:
        """Whether it beats."""
        return self._handle is not None

    def start(self) -> None:
        """Begin to beat."""
        self._slept = self._clock.slept()
        self._arm()

    def stop(self) -> None:
        """Beat no longer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self) -> None:
        self._due = self._clock.now() + BEAT
        self._handle = self._clock.call_later(BEAT, self._beat)

    def _beat(self) -> None:
        slept = self._clock.slept()
        late = self._clock.now() - self._due + slept - self._slept
        self._slept = slept
        if late > TROUBLE:
            self.last_trouble = self._clock.now()
            _log.warning("this process stood still for %.1f s; every service is looked at again", late)
            self._on_resume()
        self._arm()
