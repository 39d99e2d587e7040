"""Guards of the lifecycle table: the conditions under which a row is applied."""

from __future__ import annotations

from collections.abc import Callable

from mcpstore.core import events as ev
from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.events import Event, Failure, Timer, Undecided
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState

__all__ = [
    "Guard",
    "checking",
    "closing_after_failure",
    "closing_to",
    "connection_changed",
    "expired",
    "failed_permanently",
    "in_flight",
    "is_live",
    "not_removed",
    "policy_gave_up",
    "probation_over",
    "round_exhausted",
    "should_run",
    "stopped",
    "undecided",
    "waiting_for_check",
    "waiting_to_open",
]

Guard = Callable[[Context, Event, Limits], bool]
"""Function of context, event and limits; returns whether the row is applied."""


def should_run(c: Context, _e: Event, _l: Limits) -> bool:
    """The service should run."""
    return c.desired is Desired.RUN


def stopped(c: Context, _e: Event, _l: Limits) -> bool:
    """The service is stopped, but not removed."""
    return c.desired is Desired.STOP


def not_removed(c: Context, _e: Event, _l: Limits) -> bool:
    """The service is not removed."""
    return c.desired is not Desired.GONE


def waiting_to_open(c: Context, _e: Event, _l: Limits) -> bool:
    """The service waits for the next attempt or the next round."""
    return c.timer in (Timer.RETRY, Timer.COOL)


def closing_after_failure(c: Context, _e: Event, _l: Limits) -> bool:
    """The service is being closed (or reaped) after a failure, not at the operator's request."""
    return c.desired is Desired.RUN and c.next_act in (Next.BACKOFF, Next.COOL)


def waiting_for_check(c: Context, _e: Event, _l: Limits) -> bool:
    """The service waits for its next check."""
    return c.timer in (Timer.CHECK, Timer.FAST)


def is_live(c: Context, _e: Event, _l: Limits) -> bool:
    """The service has a connection."""
    return c.connection in LIVE_STATES


def in_flight(act: Act) -> Guard:
    """An action of this kind is in flight."""
    return lambda c, _e, _l: c.activity is act


def checking(*states: ServiceConnectionState) -> Guard:
    """A check is in flight, in one of these states."""
    return lambda c, _e, _l: c.activity is Act.CHECK and c.connection in states


def closing_to(next_act: Next) -> Guard:
    """A close with this continuation is in flight."""
    return lambda c, _e, _l: c.activity is Act.CLOSE and c.next_act is next_act


def expired(*timers: Timer) -> Guard:
    """One of these timers is armed, and it has expired."""
    return lambda c, e, _l: c.timer in timers and isinstance(e, ev.Expired) and e.timer is c.timer


def probation_over(c: Context, e: Event, _l: Limits) -> bool:
    """The timer STABLE is armed and has expired."""
    return c.stable and isinstance(e, ev.Expired) and e.timer is Timer.STABLE


def connection_changed(c: Context, e: Event, _l: Limits) -> bool:
    """The service should run, and the change affects its connection."""
    return c.desired is Desired.RUN and isinstance(e, ev.Update) and e.reconnect


def policy_gave_up(c: Context, e: Event, _l: Limits) -> bool:
    """The recovery policy ends the automatic attempts, within a round."""
    return c.activity is Act.CLOSE and c.next_act is Next.BACKOFF and isinstance(e, ev.Closed) and e.give_up


def failed_permanently(c: Context, e: Event, _l: Limits) -> bool:
    """The attempt in flight failed permanently."""
    return c.activity is Act.CONNECT and isinstance(e, ev.OpenFail) and e.failure is Failure.PERMANENT


def round_exhausted(c: Context, _e: Event, limits: Limits) -> bool:
    """The attempt in flight is the last one of its round, or the only one allowed on probation."""
    return c.activity is Act.CONNECT and (c.on_probation or c.attempts + 1 >= limits.attempts)


def undecided(cause: Undecided) -> Guard:
    """The check in flight is inconclusive for this cause."""
    return lambda c, e, _l: c.activity is Act.CHECK and isinstance(e, ev.CheckUndecidable) and e.cause is cause
