"""Where an event leads and what it counts, told a second time: by event, where the machine tells it by row.

Like `listed`, this is written by hand from the specification, and is what the machine is compared with.
"""

from __future__ import annotations

from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.events import Event, Failure, Timer, Undecided
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState
from mcpstore.testing.model.taken import Taken

__all__ = ["i1_counts_what_is_listed", "i1_lands_where_listed"]

DISCONNECTED: Final = ServiceConnectionState.DISCONNECTED
HEALTHY: Final = ServiceConnectionState.HEALTHY
INITIALIZING: Final = ServiceConnectionState.INITIALIZING
RECONNECTING: Final = ServiceConnectionState.RECONNECTING
UNHEALTHY: Final = ServiceConnectionState.UNHEALTHY
UNKNOWN: Final = ServiceConnectionState.UNKNOWN
WARNING: Final = ServiceConnectionState.WARNING


def i1_lands_where_listed(t: Taken) -> bool:
    """I1: every event leads to the state that the table gives for it."""
    return t.after.conn is _state_after(t.before, t.event, t.limits)


def i1_counts_what_is_listed(t: Taken) -> bool:
    """I1: every event counts what the table says, and nothing else."""
    after, health = t.after, (t.after.fails, t.after.unk, t.after.oks)
    if (after.att, after.exp, after.trips, after.half) != _budget_after(t.before, t.event, t.limits):
        return False
    return after.conn not in LIVE_STATES or health == _health_after(t.before, t.event, after.conn)


def _state_after(c: Context, event: Event, limits: Limits) -> ServiceConnectionState:  # noqa: PLR0911 - one per case
    match event:
        case ev.Start():
            return INITIALIZING if c.desired is Desired.STOP else RECONNECTING
        case ev.Recheck():
            return c.conn if c.conn in LIVE_STATES else RECONNECTING
        case ev.Stop() | ev.Remove():
            return DISCONNECTED
        case ev.Update():
            return INITIALIZING
        case ev.Restart():
            return INITIALIZING if c.conn is INITIALIZING or c.desired is Desired.STOP else RECONNECTING
        case ev.Closed(give_up=True) if c.nxt is Next.BACKOFF:
            return DISCONNECTED
        case ev.Expired(timer=Timer.COOL):
            return RECONNECTING
        case ev.Closed() | ev.CloseFail() | ev.Expired():
            return c.conn
        case _:
            return _after_an_attempt(c, event, limits) if c.act is Act.CONNECT else _after_a_check(c, event, limits)


def _after_an_attempt(c: Context, event: Event, limits: Limits) -> ServiceConnectionState:
    match event:
        case ev.OpenOk():
            return HEALTHY
        case ev.OpenFail(failure=Failure.PERMANENT):
            return DISCONNECTED
        case _:
            return DISCONNECTED if c.half or c.att + 1 >= limits.attempts else RECONNECTING


def _after_a_check(c: Context, event: Event, limits: Limits) -> ServiceConnectionState:  # noqa: PLR0911 - one per case
    lost = DISCONNECTED if c.half or getattr(event, "intensity", False) else RECONNECTING
    match event:
        case ev.CheckOk():
            return WARNING if c.conn is WARNING and c.oks + 1 < limits.warning_successes else HEALTHY
        case ev.CheckSlow():
            return WARNING
        case ev.CheckUndecidable(cause=cause):
            return UNKNOWN if cause is Undecided.LOCAL or c.unk + 1 < limits.undecided else lost
        case ev.Lost():
            return lost
        case _ if c.act is Act.CLOSE:  # its deadline passed
            return c.conn
        case _ if c.fails + 1 >= limits.failures:
            return lost
        case _:
            return WARNING if c.conn is WARNING and c.fails + 1 < limits.warning_failures else UNHEALTHY


def _health_after(c: Context, event: Event, state: ServiceConnectionState) -> tuple[int, int, int]:
    """Return fails, unk and oks."""
    match event:
        case ev.OpenOk() | ev.CheckSlow():
            return 0, 0, 0
        case ev.CheckOk():
            return 0, 0, c.oks + 1 if state is WARNING else 0
        case ev.CheckFail() | ev.CheckTimeout() | ev.Overdue():
            return c.fails + 1, c.unk, 0 if c.conn is WARNING else c.oks
        case ev.CheckUndecidable(cause=Undecided.SERVICE):
            return c.fails, c.unk + 1, c.oks
        case _:
            return c.fails, c.unk, c.oks


def _budget_after(c: Context, event: Event, limits: Limits) -> tuple[int, int, int, bool]:  # noqa: PLR0911 - one per case
    """Return att, exp, trips and half."""
    exp, trips = min(c.exp + 1, limits.exp), min(c.trips + 1, limits.trips)
    nothing = (0, 0, 0, False)
    match event:
        case ev.Restart() | ev.Update() | ev.Expired(timer=Timer.STABLE):
            return nothing
        case ev.Start() if c.desired is Desired.STOP:
            return nothing
        case ev.Start() | ev.Recheck() if c.timer in (Timer.RETRY, Timer.COOL):
            return 0, c.exp, 0, False  # impatience does not shorten the backoff
        case ev.OpenFail() | ev.Overdue() if c.act is Act.CONNECT:
            return min(c.att + 1, limits.attempts), c.exp, c.trips, c.half
        case ev.Closed(give_up=give_up) if c.nxt is Next.COOL or (give_up and c.nxt is Next.BACKOFF):
            return c.att, c.exp, trips, c.half
        case ev.Closed() if c.nxt is Next.BACKOFF:
            return c.att, exp, c.trips, c.half
        case ev.Expired(timer=Timer.COOL):
            return 0, c.exp, c.trips, True
        case _:
            return c.att, c.exp, c.trips, c.half
