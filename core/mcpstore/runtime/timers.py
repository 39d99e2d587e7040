"""The timers of one service: the one of its state, the one of its probation, and the deadline of its action."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mcpstore.core import events as ev
from mcpstore.core.context import Act, Context
from mcpstore.core.events import Event, Timer
from mcpstore.runtime.clock import Clock

__all__ = ["Timers"]


class Timers:
    """Turns delays into events.

    Args:
        clock: The clock of the store.
        post: Takes the events.
    """

    def __init__(self, clock: Clock, post: Callable[[Event], None]) -> None:
        self._clock = clock
        self._post = post
        self._state: asyncio.TimerHandle | None = None
        self._stable: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def arm(self, timer: Timer, delay: float | None) -> None:
        """Start a timer in place of the one before; None means that it never runs out."""
        handle = None if delay is None else self._clock.call_later(delay, self._post, ev.Expired(timer))
        if timer is Timer.STABLE:
            _cancel(self._stable)
            self._stable = handle
        else:
            _cancel(self._state)
            self._state = handle

    def overdue(self, epoch: int, delay: float) -> None:
        """Set the deadline of the action that has just begun, in seconds from now."""
        self.in_time()
        self._deadline = self._clock.call_later(delay, self._post, ev.Overdue(epoch=epoch))

    def in_time(self) -> None:
        """Take the deadline back: the action has ended."""
        _cancel(self._deadline)
        self._deadline = None

    def follow(self, ctx: Context) -> None:
        """Cancel what the machine waits for no longer."""
        if ctx.timer is Timer.NONE:
            _cancel(self._state)
            self._state = None
        if not ctx.stable:
            _cancel(self._stable)
            self._stable = None
        if ctx.activity is Act.NONE:
            self.in_time()

    def cancel(self) -> None:
        """Cancel everything."""
        for handle in (self._state, self._stable, self._deadline):
            _cancel(handle)
        self._state = self._stable = self._deadline = None


def _cancel(handle: asyncio.TimerHandle | None) -> None:
    if handle is not None:
        handle.cancel()
