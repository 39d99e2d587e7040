"""What must hold in every context: one function per invariant, named after it.

A function returns whether its invariant holds; its docstring says it in words and is what a violation shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.events import Timer
from mcpstore.models.service import LIVE_STATES, Reason, ServiceConnectionState
from tests.model_check.listed import GRID
from tests.model_check.notation import situation
from tests.model_check.taken import is_parked

__all__ = ["OF_CONTEXTS"]

DISCONNECTED: Final = ServiceConnectionState.DISCONNECTED
INITIALIZING: Final = ServiceConnectionState.INITIALIZING
RECONNECTING: Final = ServiceConnectionState.RECONNECTING


def i1_only_listed_situations(c: Context, _l: Limits) -> bool:
    """I1: only the situations of the table occur."""
    return situation(c) in GRID


def i3_something_pending(c: Context, _l: Limits) -> bool:
    """I3: unless it is parked, exactly one thing is pending: an action in flight or a timer."""
    if is_parked(c):
        return not c.live
    return (c.activity is not Act.NONE) != (c.timer is not Timer.NONE)


def i4_stop_holds(c: Context, _l: Limits) -> bool:
    """I4: a service that is not wanted is DISCONNECTED, and only a close or the reaping of survivors is under way."""
    return c.desired is Desired.RUN or (
        c.connection is DISCONNECTED
        and c.activity in (Act.NONE, Act.CLOSE)
        and c.timer in (Timer.NONE, Timer.REAP)
        and c.next_act in (Next.NONE, Next.PARK if c.desired is Desired.STOP else Next.GONE)
        and not c.stable
    )


def i5_checks_only_on_a_connection(c: Context, _l: Limits) -> bool:
    """I5: CHECK and FAST, checks and probation exist only in a live state; a live state has a connection."""
    if c.connection in LIVE_STATES:
        return c.live and c.activity in (Act.NONE, Act.CHECK) and c.timer in (Timer.NONE, Timer.CHECK, Timer.FAST)
    return c.activity is not Act.CHECK and c.timer not in (Timer.CHECK, Timer.FAST) and not c.stable


def i5_waits_only_without_a_connection(c: Context, _l: Limits) -> bool:
    """I5: RETRY is for RECONNECTING, COOL for DISCONNECTED; both wait with nothing open, and only if it is wanted."""
    states = {Timer.RETRY: RECONNECTING, Timer.COOL: DISCONNECTED}
    return c.timer not in states or (c.connection is states[c.timer] and not c.live and c.desired is Desired.RUN)


def i5_has_a_reason(c: Context, _l: Limits) -> bool:
    """I5: DISCONNECTED has a reason, an automatic one exactly when it is wanted; other states have none."""
    if c.connection is not DISCONNECTED:
        return c.reason is Reason.NONE
    return c.reason is not Reason.NONE and c.reason.is_automatic == (c.desired is Desired.RUN)


def i5_close_knows_what_follows(c: Context, _l: Limits) -> bool:
    """I5: what follows is known exactly while something is closed or reaped, and fits the state."""
    states = {
        Next.PARK: (DISCONNECTED,),
        Next.GONE: (DISCONNECTED,),
        Next.COOL: (DISCONNECTED,),
        Next.BACKOFF: (RECONNECTING,),
        Next.CONNECT: (INITIALIZING, RECONNECTING),
    }
    if c.activity is Act.CLOSE or c.timer is Timer.REAP:
        return c.live and c.next_act in states and c.connection in states[c.next_act]
    return c.next_act is Next.NONE


def i9_counters_are_bounded(c: Context, limits: Limits) -> bool:
    """I9: a counter that reaches its limit has its effect, or stops growing."""
    return (
        c.fails < limits.failures
        and c.undecided_checks < limits.undecided
        and c.good_checks < limits.warning_successes
        and c.attempts <= limits.attempts
        and c.backoff_exponent <= limits.max_backoff_exponent
        and c.failed_rounds <= limits.max_failed_rounds
    )


def i11_survivors_block(c: Context, _l: Limits) -> bool:
    """I11: while something survives a close, nothing is done but closing again."""
    return not c.close_failed or (c.live and (c.activity is Act.CLOSE or c.timer is Timer.REAP))


OF_CONTEXTS: Final[tuple[Callable[[Context, Limits], bool], ...]] = (
    i1_only_listed_situations,
    i3_something_pending,
    i4_stop_holds,
    i5_checks_only_on_a_connection,
    i5_waits_only_without_a_connection,
    i5_has_a_reason,
    i5_close_knows_what_follows,
    i9_counters_are_bounded,
    i11_survivors_block,
)
