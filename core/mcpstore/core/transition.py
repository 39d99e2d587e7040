"""Transition of the lifecycle machine: the operations of which the rows of the table consist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from mcpstore.core.actions import Action, Arm, Close, Edge, Open, Probe, Withdraw
from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.events import Timer
from mcpstore.models.service import LIVE_STATES, Reason, ServiceConnectionState

__all__ = ["Transition"]


class Transition:
    """One step of the machine: its context, the changes of it, and the actions.

    Args:
        ctx: Context before the step.
        limits: Limits of the counters.

    Attributes:
        ctx: Context before the step; it does not change.
        limits: Limits of the counters.
        connection: Connection state, including changes in this step.
        actions: Actions of this step.
    """

    __slots__ = ("_changes", "actions", "connection", "ctx", "limits")

    def __init__(self, ctx: Context, limits: Limits) -> None:
        self.ctx: Context = ctx
        self.limits: Limits = limits
        self.connection: ServiceConnectionState = ctx.connection
        self.actions: list[Action] = []
        self._changes: dict[str, Any] = {}

    def done(self) -> tuple[Context, tuple[Action, ...]]:
        """Return the context after the step, and the actions."""
        return attrs.evolve(self.ctx, **self._changes), tuple(self.actions)

    def set(self, **changes: Any) -> None:
        """Change fields of the context after the step."""
        self._changes.update(changes)

    def to(self, state: ServiceConnectionState, reason: Reason = Reason.NONE) -> None:
        """Enter a connection state; leaving the live states withdraws the tools."""
        if self.connection in LIVE_STATES and state not in LIVE_STATES:
            self.actions.append(Withdraw())
            self.set(stable=False, fails=0, undecided_checks=0, good_checks=0)
        if state is not self.connection:
            self.actions.append(Edge(self.connection, state))
        self.connection = state
        self.set(connection=state, reason=reason)

    def arm(self, timer: Timer, **parameters: Any) -> None:
        """Arm a timer."""
        self.set(timer=timer)
        self.actions.append(Arm(timer=timer, **parameters))

    def wait(self, timer: Timer) -> None:
        """End the action in flight and arm the timer of the next check."""
        self.set(activity=Act.NONE)
        self.arm(timer)

    def open(self) -> None:
        """Open a new connection; all earlier ones must be closed."""
        epoch = self.ctx.epoch + 1
        self.set(activity=Act.CONNECT, timer=Timer.NONE, next_act=Next.NONE, live=True, close_failed=False, epoch=epoch)
        self.actions.append(Open(epoch))

    def probe(self) -> None:
        """Check the connection."""
        self.set(activity=Act.CHECK, timer=Timer.NONE)
        self.actions.append(Probe(self.ctx.epoch))

    def close(self, next_act: Next) -> None:
        """Close the connection; a close in flight only gets the new continuation."""
        if self.ctx.activity is not Act.CLOSE:
            self.actions.append(Close(self.ctx.epoch))
        self.set(activity=Act.CLOSE, timer=Timer.NONE, next_act=next_act)

    def close_or(self, next_act: Next, otherwise: Callable[[], None]) -> None:
        """Close the connection if there is one, else call `otherwise`."""
        if self.ctx.live:
            self.close(next_act)
        else:
            otherwise()

    def fresh_start(self, state: ServiceConnectionState) -> None:
        """Start at the operator's request: clear the counters of earlier failures, close, and open."""
        self.to(state)
        self.set(
            desired=Desired.RUN, attempts=0, backoff_exponent=0, failed_rounds=0, on_probation=False, by_operator=True
        )
        self.close_or(Next.CONNECT, self.open)

    def lose_connection(self, *, intensity: bool) -> None:
        """End a live connection (D1); if the restart window is full, or on probation, cool down first (D2)."""
        self.to(ServiceConnectionState.UNHEALTHY)
        self.to(ServiceConnectionState.RECONNECTING)
        self.set(by_operator=False)
        if intensity or self.ctx.on_probation:
            self.to(ServiceConnectionState.DISCONNECTED, Reason.INTENSITY)
            self.close(Next.COOL)
        else:
            self.close(Next.BACKOFF)

    def cool_down(self, reason: Reason, **parameters: Any) -> None:
        """Count a failed round and arm the cool-down (X2)."""
        failed_rounds = self.ctx.failed_rounds
        self.set(failed_rounds=min(failed_rounds + 1, self.limits.max_failed_rounds))
        self.arm(Timer.COOL, reason=reason, failed_rounds=failed_rounds, **parameters)

    def closed(self) -> None:
        """Record that the connection is closed."""
        self.set(activity=Act.NONE, next_act=Next.NONE, live=False, close_failed=False)
