"""What must hold of every step that changes something: one function per invariant, named after it.

A function returns whether its invariant holds; its docstring says it in words and is what a violation shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.actions import Arm, Close, Forget, Open, Probe, Publish, Withdraw
from mcpstore.core.context import Act, Desired, Next
from mcpstore.core.events import Completion, Failure, Timer, Undecided
from mcpstore.models.service import LIVE_STATES, Reason, ServiceConnectionState
from tests.model_check.expected import i1_counts_what_is_listed, i1_lands_where_listed
from tests.model_check.listed import AUTOMATIC_EDGES, OPERATOR_EDGES
from tests.model_check.taken import Taken, is_parked

__all__ = ["OF_STEPS"]

HEALTHY: Final = ServiceConnectionState.HEALTHY
INITIALIZING: Final = ServiceConnectionState.INITIALIZING
UNHEALTHY: Final = ServiceConnectionState.UNHEALTHY

_ORDERS: Final[Mapping[type[Open | Probe | Close], Act]] = {Open: Act.CONNECT, Probe: Act.CHECK, Close: Act.CLOSE}


def i1_only_listed_edges(t: Taken) -> bool:
    """I1: edges follow each other from the old state to the new one, and each is listed for its cause."""
    allowed = OPERATOR_EDGES.get(type(t.event), AUTOMATIC_EDGES)
    state = t.before.connection
    for edge in t.edges:
        if edge.old is not state or (edge.old, edge.new) not in allowed:
            return False
        state = edge.new
    return state is t.after.connection


def i2_one_connection(t: Taken) -> bool:
    """I2: OPEN comes when everything earlier is closed, with a new epoch; only CLOSED lets go of what was opened."""
    opens, closed = t.asks_for(Open), isinstance(t.event, ev.Closed)
    if opens and (t.before.live and not closed):
        return False
    if t.after.epoch != t.before.epoch + opens:
        return False
    return t.after.live == (opens or (t.before.live and not closed))


def i2_one_action_in_flight(t: Taken) -> bool:
    """I2: an action begins when none is in flight or the one in flight has just ended; only CLOSE may interrupt."""
    flying = t.before.activity
    if len(t.orders) > 1:
        return False
    if flying is Act.NONE or not t.orders:
        return True
    order = t.orders[0]
    if isinstance(order, Close):
        return flying is not Act.CLOSE
    return isinstance(order, Open) and flying is Act.CLOSE and isinstance(t.event, ev.Closed)


def i2_probes_a_connection(t: Taken) -> bool:
    """I2: PROBE and CLOSE are for the newest connection, which exists; PROBE only in a live state."""
    for order in t.orders:
        if order.epoch != t.after.epoch or (not isinstance(order, Open) and not t.before.live):
            return False
    return not t.asks_for(Probe) or t.before.connection in LIVE_STATES


def i3_asked_for(t: Taken) -> bool:
    """I3: whatever the new context waits for has been asked for, once: the action in flight, or the timer armed."""
    begun = [t.after.activity] if t.after.activity not in (Act.NONE, t.before.activity) else []
    armed = [t.after.timer] if t.after.timer not in (Timer.NONE, t.before.timer) else []
    if t.after.stable and not t.before.stable:
        armed.append(Timer.STABLE)
    asked_for = [_ORDERS[type(order)] for order in t.orders]
    return asked_for == begun and sorted(arm.timer for arm in t.arms) == sorted(armed)


def i3_never_only_when_given_up(t: Taken) -> bool:
    """I3: a rest without end is armed exactly when the recovery policy gave up."""
    gave_up = isinstance(t.event, ev.Closed) and t.event.give_up
    return all(arm.never == (gave_up and arm.timer is Timer.COOL) for arm in t.arms)


def i4_only_start_undoes_stop(t: Taken) -> bool:
    """I4: after a STOP only START and RESTART make it wanted again; REMOVE is final, and forgets once all is closed."""
    wanted, gone = t.after.desired is Desired.RUN, t.after.desired is Desired.GONE
    if t.before.desired is Desired.GONE and not gone:
        return False
    if t.before.desired is Desired.STOP and wanted and not isinstance(t.event, ev.Start | ev.Restart):
        return False
    if t.asks_for(Forget) != (t.after.removed and not t.before.removed) or t.after.removed != (
        gone and is_parked(t.after)
    ):
        return False
    return wanted or not (t.asks_for(Open) or t.asks_for(Probe))


def i6_stale_events_are_inert(t: Taken) -> bool:
    """I6: completions of older connections and timers that are not armed change nothing."""
    if isinstance(t.event, Completion):
        return t.event.epoch == t.before.epoch
    if isinstance(t.event, ev.Expired):
        armed = t.before.stable if t.event.timer is Timer.STABLE else t.event.timer is t.before.timer
        return armed and t.event.timer is not Timer.NONE
    return True


def i7_callable_while_live(t: Taken) -> bool:
    """I7: tools are published on entering HEALTHY from a connect, withdrawn on leaving the live states, never else."""
    was, is_now = t.before.connection in LIVE_STATES, t.after.connection in LIVE_STATES
    published = t.before.activity is Act.CONNECT and isinstance(t.event, ev.OpenOk)
    if t.asks_for(Publish) != published or (published and t.after.connection is not HEALTHY):
        return False
    return t.asks_for(Publish) == (is_now and not was) and t.asks_for(Withdraw) == (was and not is_now)


def i8_opens_only_after_a_delay(t: Taken) -> bool:
    """I8: without an operator, OPEN follows only a RETRY or COOL timer; a close is followed by CONNECT only for one."""
    if t.after.next_act is Next.CONNECT and t.before.next_act is not Next.CONNECT and not t.by_operator:
        return False
    if not t.asks_for(Open) or t.by_operator:
        return True
    if isinstance(t.event, ev.Closed):
        return t.before.next_act is Next.CONNECT
    return isinstance(t.event, ev.Expired) and t.event.timer in (Timer.RETRY, Timer.COOL)


def i9_delays_grow(t: Taken) -> bool:
    """I9: each RETRY is armed with the exponent so far, each COOL with the rounds and the reason; then both grow."""
    for arm in t.arms:
        if arm.timer is Timer.RETRY:
            grown = t.after.backoff_exponent == min(t.before.backoff_exponent + 1, t.limits.max_backoff_exponent)
            expected = Arm(timer=Timer.RETRY, backoff_exponent=t.before.backoff_exponent)
        elif arm.timer is Timer.COOL:
            grown = t.after.failed_rounds == min(t.before.failed_rounds + 1, t.limits.max_failed_rounds)
            expected = Arm(
                timer=Timer.COOL, failed_rounds=t.before.failed_rounds, reason=t.after.reason, never=arm.never
            )
        else:
            grown, expected = True, Arm(timer=arm.timer)
        if arm != expected or not grown:
            return False
    return True


def i9_failed_attempts_count(t: Taken) -> bool:
    """I9: a failed attempt is counted; the last one of its round, and a refusal, is followed by a rest."""
    failed = isinstance(t.event, ev.OpenFail | ev.Overdue) and t.before.activity is Act.CONNECT
    if not failed:
        return True
    refused = isinstance(t.event, ev.OpenFail) and t.event.failure is Failure.PERMANENT
    lost = refused or t.before.on_probation or t.before.attempts + 1 >= t.limits.attempts
    reason = Reason.PERMANENT if refused else Reason.EXHAUSTED if lost else Reason.NONE
    counted = t.after.attempts == min(t.before.attempts + 1, t.limits.attempts)
    return counted and t.after.reason is reason and t.after.next_act is (Next.COOL if lost else Next.BACKOFF)


def i9_probation(t: Taken) -> bool:
    """I9: a round after a rest is on probation; a loss then, or with a full restart window, is followed by a rest."""
    if isinstance(t.event, ev.Expired) and t.event.timer is Timer.COOL:
        return t.after.on_probation
    if t.by_operator or t.before.connection not in LIVE_STATES or t.after.connection in LIVE_STATES:
        return True
    rests = t.before.on_probation or bool(getattr(t.event, "intensity", False))
    reason, follows = (Reason.INTENSITY, Next.COOL) if rests else (Reason.NONE, Next.BACKOFF)
    return t.after.reason is reason and t.after.next_act is follows


def i11_leaves_through_close(t: Taken) -> bool:
    """I11: a connection or an attempt ends in no other way than CLOSE; what survives is remembered until CLOSED."""
    if t.before.connection in LIVE_STATES or t.before.activity is Act.CONNECT:
        stays = t.after.connection in LIVE_STATES and t.after.activity in (Act.NONE, Act.CHECK)
        if not stays and t.after.activity is not Act.CLOSE:
            return False
    survived = t.before.activity is Act.CLOSE and isinstance(t.event, ev.CloseFail | ev.Overdue)
    closed = isinstance(t.event, ev.Closed)
    return t.after.close_failed == (survived or (t.before.close_failed and not closed))


def i12_memory_is_earned(t: Taken) -> bool:
    """I12: the memory of failures is cleared only by STABLE or an operator; attempts also by COOL."""
    if t.by_operator:
        return True
    if isinstance(t.event, ev.Expired) and t.event.timer is Timer.STABLE:
        return (t.after.attempts, t.after.backoff_exponent, t.after.failed_rounds, t.after.on_probation) == (
            0,
            0,
            0,
            False,
        )
    cooled = isinstance(t.event, ev.Expired) and t.event.timer is Timer.COOL
    return (
        (t.after.attempts >= t.before.attempts or cooled)
        and t.after.backoff_exponent >= t.before.backoff_exponent
        and t.after.failed_rounds >= t.before.failed_rounds
        and t.after.on_probation >= t.before.on_probation
    )


def i13_departs_through_unhealthy(t: Taken) -> bool:
    """I13: live states are left through UNHEALTHY, and INITIALIZING is not entered, except by the operator."""
    if t.by_operator:
        return True
    left = (edge.old for edge in t.edges if edge.old in LIVE_STATES and edge.new not in LIVE_STATES)
    entered = (edge.new for edge in t.edges)
    return all(state is UNHEALTHY for state in left) and INITIALIZING not in entered


def i14_local_faults_count_nothing(t: Taken) -> bool:
    """I14: trouble of our own moves no counter and ends no connection."""
    if not (isinstance(t.event, ev.CheckUndecidable) and t.event.cause is Undecided.LOCAL):
        return True
    counters = (
        "fails",
        "undecided_checks",
        "good_checks",
        "attempts",
        "backoff_exponent",
        "failed_rounds",
        "on_probation",
        "stable",
        "live",
        "epoch",
    )
    kept = all(getattr(t.before, name) == getattr(t.after, name) for name in counters)
    return kept and t.after.connection is ServiceConnectionState.UNKNOWN and not t.orders


OF_STEPS: Final[tuple[Callable[[Taken], bool], ...]] = (
    i1_only_listed_edges,
    i2_one_connection,
    i2_one_action_in_flight,
    i2_probes_a_connection,
    i3_asked_for,
    i3_never_only_when_given_up,
    i4_only_start_undoes_stop,
    i6_stale_events_are_inert,
    i7_callable_while_live,
    i8_opens_only_after_a_delay,
    i9_delays_grow,
    i9_failed_attempts_count,
    i9_probation,
    i11_leaves_through_close,
    i12_memory_is_earned,
    i13_departs_through_unhealthy,
    i14_local_faults_count_nothing,
    # last, because they would find most flaws first and say less about them
    i1_lands_where_listed,
    i1_counts_what_is_listed,
)
