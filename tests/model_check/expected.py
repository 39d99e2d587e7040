"""Where an event leads and what it counts, told a second time: by event, where the machine tells it by row.

Like `listed`, this is written by hand from the specification, and is what the machine is compared with.
"""

from __future__ import annotations

from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.events import Event, Failure, Timer, Undecided
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState
from tests.model_check.taken import Taken

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
    return t.after.connection is _state_after(t.before, t.event, t.limits)


def i1_counts_what_is_listed(t: Taken) -> bool:
    """I1: every event counts what the table says, and nothing else."""
    after, health = t.after, (t.after.fails, t.after.undecided_checks, t.after.good_checks)
    if (after.attempts, after.backoff_exponent, after.failed_rounds, after.on_probation) != _budget_after(
        t.before, t.event, t.limits
    ):
        return False
    return after.connection not in LIVE_STATES or health == _health_after(t.before, t.event, after.connection)


def _state_after(c: Context, event: Event, limits: Limits) -> ServiceConnectionState:  # noqa: PLR0911 - one per case
    match event:
        case ev.Start():
            return INITIALIZING if c.desired is Desired.STOP else RECONNECTING
        case ev.Recheck():
            return c.connection if c.connection in LIVE_STATES else RECONNECTING
        case ev.Stop() | ev.Remove():
            return DISCONNECTED
        case ev.Update():
            return INITIALIZING
        case ev.Restart():
            return INITIALIZING if c.connection is INITIALIZING or c.desired is Desired.STOP else RECONNECTING
        case ev.Closed(give_up=True) if c.next_act is Next.BACKOFF:
            return DISCONNECTED
        case ev.Expired(timer=Timer.COOL):
            return RECONNECTING
        case ev.Closed() | ev.CloseFail() | ev.Expired():
            return c.connection
        case _:
            return (
                _after_an_attempt(c, event, limits) if c.activity is Act.CONNECT else _after_a_check(c, event, limits)
            )


def _after_an_attempt(c: Context, event: Event, limits: Limits) -> ServiceConnectionState:
    match event:
        case ev.OpenOk():
            return HEALTHY
        case ev.OpenFail(failure=Failure.PERMANENT):
            return DISCONNECTED
        case _:
            return DISCONNECTED if c.on_probation or c.attempts + 1 >= limits.attempts else RECONNECTING


def _after_a_check(c: Context, event: Event, limits: Limits) -> ServiceConnectionState:  # noqa: PLR0911 - one per case
    lost = DISCONNECTED if c.on_probation or getattr(event, "intensity", False) else RECONNECTING
    match event:
        case ev.CheckOk():
            return WARNING if c.connection is WARNING and c.good_checks + 1 < limits.warning_successes else HEALTHY
        case ev.CheckSlow():
            return WARNING
        case ev.CheckUndecidable(cause=cause):
            return UNKNOWN if cause is Undecided.LOCAL or c.undecided_checks + 1 < limits.undecided else lost
        case ev.Lost():
            return lost
        case _ if c.activity is Act.CLOSE:  # its deadline passed
            return c.connection
        case _ if c.fails + 1 >= limits.failures:
            return lost
        case _:
            return WARNING if c.connection is WARNING and c.fails + 1 < limits.warning_failures else UNHEALTHY


def _health_after(c: Context, event: Event, state: ServiceConnectionState) -> tuple[int, int, int]:
    """Return fails, unk and oks."""
    match event:
        case ev.OpenOk() | ev.CheckSlow():
            return 0, 0, 0
        case ev.CheckOk():
            return 0, 0, c.good_checks + 1 if state is WARNING else 0
        case ev.CheckFail() | ev.CheckTimeout() | ev.Overdue():
            return c.fails + 1, c.undecided_checks, 0 if c.connection is WARNING else c.good_checks
        case ev.CheckUndecidable(cause=Undecided.SERVICE):
            return c.fails, c.undecided_checks + 1, c.good_checks
        case _:
            return c.fails, c.undecided_checks, c.good_checks


def _budget_after(c: Context, event: Event, limits: Limits) -> tuple[int, int, int, bool]:  # noqa: PLR0911 - one per case
    """Return att, exp, trips and half."""
    exp, trips = (
        min(c.backoff_exponent + 1, limits.max_backoff_exponent),
        min(c.failed_rounds + 1, limits.max_failed_rounds),
    )
    nothing = (0, 0, 0, False)
    match event:
        case ev.Restart() | ev.Update() | ev.Expired(timer=Timer.STABLE):
            return nothing
        case ev.Start() if c.desired is Desired.STOP:
            return nothing
        case ev.Start() | ev.Recheck() if c.timer in (Timer.RETRY, Timer.COOL):
            return 0, c.backoff_exponent, 0, False  # impatience does not shorten the backoff
        case ev.OpenFail() | ev.Overdue() if c.activity is Act.CONNECT:
            return min(c.attempts + 1, limits.attempts), c.backoff_exponent, c.failed_rounds, c.on_probation
        case ev.Closed(give_up=give_up) if c.next_act is Next.COOL or (give_up and c.next_act is Next.BACKOFF):
            return c.attempts, c.backoff_exponent, trips, c.on_probation
        case ev.Closed() if c.next_act is Next.BACKOFF:
            return c.attempts, exp, c.failed_rounds, c.on_probation
        case ev.Expired(timer=Timer.COOL):
            return 0, c.backoff_exponent, c.failed_rounds, True
        case _:
            return c.attempts, c.backoff_exponent, c.failed_rounds, c.on_probation
