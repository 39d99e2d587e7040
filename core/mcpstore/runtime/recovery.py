"""Recovery of one service: the decision after each close, and the losses and attempts it depends on."""

from __future__ import annotations

import random
from typing import Final

import attrs

from mcpstore.core import events as ev
from mcpstore.core.context import Context
from mcpstore.core.events import Event
from mcpstore.models.service import LIVE_STATES
from mcpstore.runtime.recovery_policy import NO_DECISION, Decision, decide
from mcpstore.runtime.restart_intensity import RestartWindow
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.service_view import ServiceView

__all__ = ["Recovery"]

ATTEMPTS_KEPT: Final = 100
"""Number of automatic connection attempts whose times are kept for recovery policies."""

_LOSSES: Final = (ev.Lost, ev.CheckFail, ev.CheckTimeout, ev.CheckUndecidable, ev.Overdue)
"""Events that can end a connection without a request of the operator."""


class Recovery:
    """When a closed service is opened again.

    Args:
        service: The service.
        shared: Objects that all runners of the store share.
        random_source: Random generator of the service, for jitter.

    Attributes:
        decision: The decision after the last close.
    """

    __slots__ = ("_attempts", "_random", "_reset_learned", "_service", "_shared", "_window", "decision")

    def __init__(self, service: ServiceView, shared: RunnerServices, random_source: random.Random) -> None:
        self._service: Final = service
        self._shared: Final = shared
        self._random: Final = random_source
        self._window: Final = RestartWindow(shared.timing.window_burst, shared.timing.window)
        self._attempts: tuple[float, ...] = ()
        self._reset_learned = False
        self.decision: Decision = NO_DECISION

    def marked(self, event: Event) -> Event:
        """Return the event, marked if one more loss exceeds the restart intensity."""
        if isinstance(event, _LOSSES) and self._window.is_full(self._shared.clock.now()):
            return attrs.evolve(event, intensity=True)
        return event

    def stepped(self, event: Event, before: Context) -> None:
        """Count a loss; forget losses and attempts when the operator starts the service."""
        after = self._service.ctx
        if isinstance(event, _LOSSES) and before.connection in LIVE_STATES and after.connection not in LIVE_STATES:
            self._window.add(self._shared.clock.now())
        elif isinstance(event, ev.Start | ev.Restart | ev.Update) and before is not after:
            self._window.clear()
            self._attempts = ()

    def opening(self) -> bool:
        """Count a connection attempt; returns whether everything learned about the service is to be discarded."""
        self._service.history.next_retry = None
        self.decision = NO_DECISION
        if not self._service.ctx.by_operator:
            self._attempts = (*self._attempts[1 - ATTEMPTS_KEPT :], self._shared.clock.now())
        reset, self._reset_learned = self._reset_learned, False
        return reset

    def reset_learned(self) -> None:
        """Discard everything learned about the service (protocol era, long first handshake) at the next opening."""
        self._reset_learned = True

    async def decide(self) -> bool:
        """Decide what follows the close that has just ended; returns whether to give up."""
        service, session = self._service, self._service.session
        exit_code = session.exit.code if session and session.exit else None
        self.decision = await decide(
            service.spec,
            service.ctx,
            self._shared,
            self._random,
            exit_code=exit_code,
            error=service.history.error or "",
            retry_after=session.retry_after if session else None,
            attempts=self._attempts,
        )
        if self.decision.reregisters:
            self._reset_learned = True
            self._shared.reread()
        return bool(self.decision.gives_up)

    def record_pause(self, delay: float | None) -> None:
        """Record in the history when the next attempt is made, or why there is none."""
        clock, history = self._shared.clock, self._service.history
        history.next_retry = None if delay is None else clock.wall_at(clock.now() + delay)
        if self.decision.gives_up:
            history.error = "; ".join(filter(None, (history.error, f"given up: {self.decision.gives_up}")))
