"""Timers of one service: the timer of its state, the probation timer, and the deadline of the action under way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

from mcpstore.core import actions as act
from mcpstore.core import events as ev
from mcpstore.core.backoff import jittered
from mcpstore.core.context import Act, Context
from mcpstore.core.events import Event, Timer
from mcpstore.models.service import ServiceConnectionState
from mcpstore.runtime.recovery import Recovery
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.service_view import ServiceView

__all__ = ["Timers"]


class Timers:
    """Computes how long each timer of a service runs, and turns its end into an event.

    Args:
        service: The service.
        shared: Objects that all runners of the store share.
        recovery: Provides the delay before the next connection attempt.
        random_source: Random generator of the service, for jitter.
        post: Receives the events.
    """

    def __init__(
        self,
        service: ServiceView,
        shared: RunnerServices,
        recovery: Recovery,
        random_source: random.Random,
        post: Callable[[Event], None],
    ) -> None:
        self._service: Final = service
        self._shared: Final = shared
        self._recovery: Final = recovery
        self._random: Final = random_source
        self._post: Final = post
        self._state: asyncio.TimerHandle | None = None
        self._stable: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def start(self, action: act.Arm) -> None:
        """Carry out an ARM."""
        timing, timer = self._shared.timing, action.timer
        delay: float | None
        if timer is Timer.CHECK:
            delay = max(self._until_check(), self._until_free())
        elif timer in (Timer.RETRY, Timer.COOL):
            delay = None if action.never or self._recovery.decision.gives_up else self._recovery.decision.delay
            self._recovery.record_pause(delay)
        elif timer is Timer.FAST:
            delay = self._until_fast_check()
        else:
            delay = {Timer.REAP: timing.reap_interval, Timer.STABLE: timing.stable}[timer]
        self.arm(timer, delay)

    def arm(self, timer: Timer, delay: float | None) -> None:
        """Start a timer in place of the previous one. With None, the timer never expires."""
        handle = None if delay is None else self._shared.clock.call_later(delay, self._post, ev.Expired(timer))
        if timer is Timer.STABLE:
            _cancel(self._stable)
            self._stable = handle
        else:
            _cancel(self._state)
            self._state = handle

    def set_deadline(self, epoch: int, limit: float) -> None:
        """Set the deadline of the action under way: `limit` seconds from now, plus the margin."""
        self.clear_deadline()
        delay = limit + self._shared.timing.deadline_margin
        self._deadline = self._shared.clock.call_later(delay, self._post, ev.Overdue(epoch=epoch))

    def clear_deadline(self) -> None:
        """Cancel the deadline: the action has ended."""
        _cancel(self._deadline)
        self._deadline = None

    def follow(self, ctx: Context) -> None:
        """Cancel the timers that the lifecycle machine no longer waits for."""
        if ctx.timer is Timer.NONE:
            _cancel(self._state)
            self._state = None
        if not ctx.stable:
            _cancel(self._stable)
            self._stable = None
        if ctx.activity is Act.NONE:
            self.clear_deadline()

    def cancel(self) -> None:
        """Cancel every timer."""
        for handle in (self._state, self._stable, self._deadline):
            _cancel(handle)
        self._state = self._stable = self._deadline = None

    # --- delays, in seconds

    def _until_check(self) -> float:
        timing, u = self._shared.timing, self._random.random()
        if self._service.ctx.connection is ServiceConnectionState.WARNING:
            return jittered(timing.check_interval_warning, timing.check_jitter, u)
        if not self._service.history.checks:  # the first checks of all services are spread over one interval
            return timing.check_interval * max(u, timing.check_jitter)
        return jittered(timing.check_interval, timing.check_jitter, u)

    def _until_fast_check(self) -> float:
        """Return the delay of a FAST timer: the regular interval while a call keeps the service busy."""
        timing, session = self._shared.timing, self._service.session
        is_unknown = self._service.ctx.connection is ServiceConnectionState.UNKNOWN
        is_busy = is_unknown and session is not None and session.calls > 0
        return timing.check_interval if is_busy else timing.fast_interval

    def _until_free(self) -> float:
        """Return how long the service asked not to be checked; calls still reach it."""
        session = self._service.session
        return 0.0 if session is None else session.busy_until - self._shared.clock.now()


def _cancel(handle: asyncio.TimerHandle | None) -> None:
    if handle is not None:
        handle.cancel()
