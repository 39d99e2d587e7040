"""A step of the lifecycle machine being taken: the vocabulary in which the rows of the table are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from mcpstore.core.actions import Action, Arm, Close, Edge, Open, Probe, Withdraw
from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.events import Timer
from mcpstore.models.service import LIVE_STATES, Reason, ServiceConnectionState

__all__ = ["Move"]


class Move:
    """A step being taken: the context it starts from, what it changes, what it asks for."""

    __slots__ = ("_changes", "actions", "conn", "ctx", "limits")

    def __init__(self, ctx: Context, limits: Limits) -> None:
        self.ctx: Context = ctx
        self.limits: Limits = limits
        self.conn: ServiceConnectionState = ctx.conn
        self.actions: list[Action] = []
        self._changes: dict[str, Any] = {}

    def done(self) -> tuple[Context, tuple[Action, ...]]:
        """Return the next context and the actions."""
        return attrs.evolve(self.ctx, **self._changes), tuple(self.actions)

    def set(self, **changes: Any) -> None:
        """Change fields of the context."""
        self._changes.update(changes)

    def to(self, state: ServiceConnectionState, reason: Reason = Reason.NONE) -> None:
        """Enter a connection state; leaving the live ones withdraws the tools."""
        if self.conn in LIVE_STATES and state not in LIVE_STATES:
            self.actions.append(Withdraw())
            self.set(stable=False, fails=0, unk=0, oks=0)
        if state is not self.conn:
            self.actions.append(Edge(self.conn, state))
        self.conn = state
        self.set(conn=state, reason=reason)

    def arm(self, timer: Timer, **parameters: Any) -> None:
        """Arm the timer."""
        self.set(timer=timer)
        self.actions.append(Arm(timer=timer, **parameters))

    def wait(self, timer: Timer) -> None:
        """Let the check in flight be over and arm the timer of the next one."""
        self.set(act=Act.NONE)
        self.arm(timer)

    def open(self) -> None:
        """Open a new connection; everything earlier must be closed."""
        epoch = self.ctx.epoch + 1
        self.set(act=Act.CONNECT, timer=Timer.NONE, nxt=Next.NONE, live=True, closebad=False, epoch=epoch)
        self.actions.append(Open(epoch))

    def probe(self) -> None:
        """Check the connection."""
        self.set(act=Act.CHECK, timer=Timer.NONE)
        self.actions.append(Probe(self.ctx.epoch))

    def close(self, nxt: Next) -> None:
        """Close what is live; a close in flight only learns what follows it."""
        if self.ctx.act is not Act.CLOSE:
            self.actions.append(Close(self.ctx.epoch))
        self.set(act=Act.CLOSE, timer=Timer.NONE, nxt=nxt)

    def close_or(self, nxt: Next, otherwise: Callable[[], None]) -> None:
        """Close if anything is live, else do at once what would follow."""
        if self.ctx.live:
            self.close(nxt)
        else:
            otherwise()

    def fresh_start(self, state: ServiceConnectionState) -> None:
        """Begin anew on an operator's word: every memory of earlier trouble is cleared."""
        self.to(state)
        self.set(desired=Desired.RUN, att=0, exp=0, trips=0, half=False, op=True)
        self.close_or(Next.CONNECT, self.open)

    def lose(self, *, intensity: bool) -> None:
        """Leave a live state for good reason (D1); for too many reasons, or on probation, rest first (D2)."""
        self.to(ServiceConnectionState.UNHEALTHY)
        self.to(ServiceConnectionState.RECONNECTING)
        self.set(op=False)
        if intensity or self.ctx.half:
            self.to(ServiceConnectionState.DISCONNECTED, Reason.INTENSITY)
            self.close(Next.COOL)
        else:
            self.close(Next.BACKOFF)

    def rest(self, reason: Reason, **parameters: Any) -> None:
        """Be disconnected until the cool-down is over (X2)."""
        trips = self.ctx.trips
        self.set(trips=min(trips + 1, self.limits.trips))
        self.arm(Timer.COOL, reason=reason, trips=trips, **parameters)

    def closed(self) -> None:
        """Nothing is left of the connection."""
        self.set(act=Act.NONE, nxt=Next.NONE, live=False, closebad=False)
