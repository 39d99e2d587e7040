"""Detects a stalled event loop and a suspended machine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from mcpstore.runtime.clock import Clock

__all__ = ["LoopMonitor"]

BEAT: Final = 1.0
"""Time between beats, in seconds."""

TROUBLE: Final = 5.0
"""Delay of a beat, or length of a suspend, that counts as a stall, in seconds."""

_log = logging.getLogger("mcpstore.runtime")


class LoopMonitor:
    """Beats once a second and detects late beats.

    Args:
        clock: Clock of the store.
        on_resume: Called after a stall or a suspend.

    Attributes:
        last_trouble: End of the last stall or suspend, on the monotonic clock.
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
        """Whether it is started."""
        return self._handle is not None

    def start(self) -> None:
        """Start beating."""
        self._slept = self._clock.slept()
        self._arm()

    def stop(self) -> None:
        """Stop beating."""
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
            _log.warning("this process was stalled for %.1f s; every service is checked", late)
            self._on_resume()
        self._arm()
