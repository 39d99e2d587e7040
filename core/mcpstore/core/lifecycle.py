"""The lifecycle machine: the effect of every event on a service, in every state.

All decisions about the lifecycle of a service are here. The machine is a pure function: `step(ctx, event)` returns the
next context and the actions, without a clock, randomness or I/O.

`TABLE` lists the rows of the specification by their names, O1 to W1; docs/explanation/lifecycle.md explains each row. A
row has an event, a guard (see `guards`) and an effect (a function of a `Transition`, see `transition`). For each event,
the first row whose guard holds is applied. An event without such a row changes nothing. Three rules apply to all rows:

* A completion or signal carries the epoch of its connection; if the epoch is outdated, the event changes nothing.
* A timer that is not armed changes nothing.
* After REMOVE, operator events change nothing.

Notation: ⟨A⟩ is an action in flight, ⏲T an armed timer, L the set of live states (those with a connection).
Every connection and every attempt ends with CLOSE; `next_act` is the continuation after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from mcpstore.core import events as ev
from mcpstore.core import guards as on
from mcpstore.core.actions import Action, Arm, Forget, Publish
from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.events import Event, Timer, Undecided
from mcpstore.core.guards import Guard
from mcpstore.core.transition import Transition
from mcpstore.models.service import Reason, ServiceConnectionState

__all__ = ["TABLE", "Row", "step"]

DISCONNECTED: Final = ServiceConnectionState.DISCONNECTED
HEALTHY: Final = ServiceConnectionState.HEALTHY
INITIALIZING: Final = ServiceConnectionState.INITIALIZING
RECONNECTING: Final = ServiceConnectionState.RECONNECTING
UNHEALTHY: Final = ServiceConnectionState.UNHEALTHY
UNKNOWN: Final = ServiceConnectionState.UNKNOWN
WARNING: Final = ServiceConnectionState.WARNING

_DEFAULT_LIMITS: Final = Limits()


def step(ctx: Context, event: Event, limits: Limits = _DEFAULT_LIMITS) -> tuple[Context, tuple[Action, ...]]:
    """Return the context after an event, and the actions to carry out.

    The function is total (it accepts every event in every context) and deterministic.

    Args:
        ctx: Context before the event.
        event: The event.
        limits: Limits of the counters.
    """
    if isinstance(event, ev.Completion) and event.epoch != ctx.epoch:
        return ctx, ()
    for row in _ROWS[type(event)]:
        if row.when(ctx, event, limits):
            transition = Transition(ctx, limits)
            row.then(transition, event)
            return transition.done()
    return ctx, ()


# --- effects of the rows -----------------------------------------------------------------------------------


def _o1_start(m: Transition, _e: Event) -> None:
    m.fresh_start(INITIALIZING)


def _o2_start_now(m: Transition, _e: Event) -> None:
    m.to(RECONNECTING)
    # The exponent is kept, so that repeated requests do not shorten the backoff.
    m.set(attempts=0, failed_rounds=0, on_probation=False, by_operator=True)
    m.open()


def _o3_start_after_close(m: Transition, _e: Event) -> None:
    m.to(RECONNECTING)
    m.set(next_act=Next.CONNECT, by_operator=True)


def _o5_stop(m: Transition, _e: Event) -> None:
    m.to(DISCONNECTED, Reason.OPERATOR)
    m.set(desired=Desired.STOP, timer=Timer.NONE, by_operator=False)
    m.close_or(Next.PARK, lambda: None)


def _o6_restart(m: Transition, _e: Event) -> None:
    begins = m.connection is INITIALIZING or m.ctx.desired is Desired.STOP
    m.fresh_start(INITIALIZING if begins else RECONNECTING)


def _o7_update(m: Transition, _e: Event) -> None:
    m.fresh_start(INITIALIZING)


def _o9_remove(m: Transition, _e: Event) -> None:
    m.to(DISCONNECTED, Reason.OPERATOR)
    m.set(desired=Desired.GONE, timer=Timer.NONE, by_operator=False)
    m.close_or(Next.GONE, lambda: _forget(m))


def _forget(m: Transition) -> None:
    m.set(removed=True)
    m.actions.append(Forget())


def _c1_opened(m: Transition, _e: Event) -> None:
    m.to(HEALTHY)
    # The failure counters are kept: only STABLE shows that the connection lasts.
    m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True)
    m.actions.append(Publish())
    m.wait(Timer.CHECK)
    m.actions.append(Arm(timer=Timer.STABLE))


def _c2_attempt_failed(m: Transition, _e: Event) -> None:
    m.to(RECONNECTING)
    m.set(attempts=m.ctx.attempts + 1, by_operator=False)
    m.close(Next.BACKOFF)


def _c4_round_failed(m: Transition, _e: Event) -> None:
    _end_round(m, Reason.EXHAUSTED)


def _c5_refused(m: Transition, _e: Event) -> None:
    _end_round(m, Reason.PERMANENT)


def _end_round(m: Transition, reason: Reason) -> None:
    m.to(RECONNECTING)
    m.to(DISCONNECTED, reason)
    m.set(attempts=min(m.ctx.attempts + 1, m.limits.attempts), by_operator=False)
    m.close(Next.COOL)


def _h1_answered(m: Transition, _e: Event) -> None:
    m.to(HEALTHY)  # also H9
    m.set(fails=0, undecided_checks=0, good_checks=0)
    m.wait(Timer.CHECK)


def _h2_slow(m: Transition, _e: Event) -> None:
    m.to(WARNING)  # also H4, H9
    m.set(fails=0, undecided_checks=0, good_checks=0)
    m.wait(Timer.CHECK)


def _h3_answered_in_warning(m: Transition, _e: Event) -> None:
    good = m.ctx.good_checks + 1
    if good >= m.limits.warning_successes:
        m.to(HEALTHY)
        good = 0
    m.set(fails=0, undecided_checks=0, good_checks=good)
    m.wait(Timer.CHECK)


def _h5_failed(m: Transition, e: Event) -> None:
    m.to(UNHEALTHY)  # also H7
    _count_failure(m, e)


def _h6_failed_in_warning(m: Transition, e: Event) -> None:
    if m.ctx.fails + 1 >= m.limits.warning_failures:
        m.to(UNHEALTHY)
    m.set(good_checks=0)
    _count_failure(m, e)


def _count_failure(m: Transition, e: Event) -> None:
    fails = m.ctx.fails + 1
    if fails >= m.limits.failures:  # H8
        m.lose_connection(intensity=bool(getattr(e, "intensity", False)))
    else:
        m.set(fails=fails)
        m.wait(Timer.FAST)


def _h10_local_fault(m: Transition, _e: Event) -> None:
    m.to(UNKNOWN)  # a local fault changes no counter
    m.wait(Timer.FAST)


def _h11_busy(m: Transition, e: Event) -> None:
    undecided = m.ctx.undecided_checks + 1
    if undecided >= m.limits.undecided:
        m.lose_connection(intensity=bool(getattr(e, "intensity", False)))
    else:
        m.to(UNKNOWN)
        m.set(undecided_checks=undecided)
        m.wait(Timer.FAST)


def _d1_lost(m: Transition, e: Event) -> None:
    m.lose_connection(intensity=bool(getattr(e, "intensity", False)))


def _x1_back_off(m: Transition, _e: Event) -> None:
    exponent = m.ctx.backoff_exponent
    m.closed()
    m.set(backoff_exponent=min(exponent + 1, m.limits.max_backoff_exponent))
    m.arm(Timer.RETRY, backoff_exponent=exponent)


def _x1_give_up(m: Transition, _e: Event) -> None:
    m.closed()
    m.to(DISCONNECTED, Reason.EXHAUSTED)
    m.cool_down(Reason.EXHAUSTED, never=True)


def _x2_cool_down(m: Transition, e: Event) -> None:
    m.closed()
    m.cool_down(m.ctx.reason, never=isinstance(e, ev.Closed) and e.give_up)


def _x3_reopen(m: Transition, _e: Event) -> None:
    m.closed()
    m.open()


def _x4_parked(m: Transition, _e: Event) -> None:
    m.closed()


def _x4_gone(m: Transition, _e: Event) -> None:
    m.closed()
    _forget(m)


def _x5_survivors(m: Transition, _e: Event) -> None:
    m.set(activity=Act.NONE, close_failed=True)
    m.arm(Timer.REAP)


def _t1_check(m: Transition, _e: Event) -> None:
    m.probe()


def _t2_retry(m: Transition, _e: Event) -> None:
    m.open()


def _t3_new_round(m: Transition, _e: Event) -> None:
    m.to(RECONNECTING)
    m.set(on_probation=True, attempts=0)
    m.open()


def _t4_probation_over(m: Transition, _e: Event) -> None:
    m.set(attempts=0, backoff_exponent=0, failed_rounds=0, on_probation=False, stable=False)


def _t5_reap(m: Transition, _e: Event) -> None:
    m.close(m.ctx.next_act)


# --- the table ---------------------------------------------------------------------------------------------


@attrs.frozen
class Row:
    """Row of the table.

    Attributes:
        name: Name in the specification.
        event: Type of the event.
        when: Guard.
        then: Effect.
    """

    name: str
    event: type[Event]
    when: Guard
    then: Callable[[Transition, Event], None]


TABLE: Final = (
    # operator
    Row("O1", ev.Start, on.stopped, _o1_start),
    Row("O2", ev.Start, on.waiting_to_open, _o2_start_now),
    Row("O2", ev.Recheck, on.waiting_to_open, _o2_start_now),
    Row("O3", ev.Start, on.closing_after_failure, _o3_start_after_close),
    # O4: any other START changes nothing
    Row("O5", ev.Stop, on.should_run, _o5_stop),
    Row("O6", ev.Restart, on.not_removed, _o6_restart),
    Row("O7", ev.Update, on.connection_changed, _o7_update),
    # O8: any other UPDATE changes nothing
    Row("O9", ev.Remove, on.not_removed, _o9_remove),
    Row("O10", ev.Recheck, on.waiting_for_check, _t1_check),
    # connecting; the order matters: a permanent failure first, then the last attempt of a round, then any other
    Row("C1", ev.OpenOk, on.in_flight(Act.CONNECT), _c1_opened),
    Row("C5", ev.OpenFail, on.failed_permanently, _c5_refused),
    Row("C4", ev.OpenFail, on.round_exhausted, _c4_round_failed),
    Row("C2", ev.OpenFail, on.in_flight(Act.CONNECT), _c2_attempt_failed),  # and C3, from RECONNECTING
    # health
    Row("H1", ev.CheckOk, on.checking(HEALTHY), _h1_answered),
    Row("H3", ev.CheckOk, on.checking(WARNING), _h3_answered_in_warning),
    Row("H9", ev.CheckOk, on.checking(UNHEALTHY, UNKNOWN), _h1_answered),
    Row("H2", ev.CheckSlow, on.checking(HEALTHY), _h2_slow),
    Row("H4", ev.CheckSlow, on.checking(WARNING), _h2_slow),
    Row("H9", ev.CheckSlow, on.checking(UNHEALTHY, UNKNOWN), _h2_slow),
    Row("H5", ev.CheckFail, on.checking(HEALTHY, UNKNOWN), _h5_failed),
    Row("H6", ev.CheckFail, on.checking(WARNING), _h6_failed_in_warning),
    Row("H7", ev.CheckFail, on.checking(UNHEALTHY), _h5_failed),  # H8 at the last one
    Row("H5", ev.CheckTimeout, on.checking(HEALTHY, UNKNOWN), _h5_failed),
    Row("H6", ev.CheckTimeout, on.checking(WARNING), _h6_failed_in_warning),
    Row("H7", ev.CheckTimeout, on.checking(UNHEALTHY), _h5_failed),
    Row("H10", ev.CheckUndecidable, on.undecided(Undecided.LOCAL), _h10_local_fault),
    Row("H11", ev.CheckUndecidable, on.undecided(Undecided.SERVICE), _h11_busy),
    # loss
    Row("D1", ev.Lost, on.is_live, _d1_lost),  # D2 when the window is full or on probation
    # closing
    Row("X1", ev.Closed, on.policy_gave_up, _x1_give_up),
    Row("X1", ev.Closed, on.closing_to(Next.BACKOFF), _x1_back_off),
    Row("X2", ev.Closed, on.closing_to(Next.COOL), _x2_cool_down),
    Row("X3", ev.Closed, on.closing_to(Next.CONNECT), _x3_reopen),
    Row("X4", ev.Closed, on.closing_to(Next.PARK), _x4_parked),
    Row("X4", ev.Closed, on.closing_to(Next.GONE), _x4_gone),
    Row("X5", ev.CloseFail, on.in_flight(Act.CLOSE), _x5_survivors),
    # timers
    Row("T1", ev.Expired, on.expired(Timer.CHECK, Timer.FAST), _t1_check),
    Row("T2", ev.Expired, on.expired(Timer.RETRY), _t2_retry),
    Row("T3", ev.Expired, on.expired(Timer.COOL), _t3_new_round),
    Row("T4", ev.Expired, on.probation_over, _t4_probation_over),
    Row("T5", ev.Expired, on.expired(Timer.REAP), _t5_reap),
    # the scheduler's deadline; the effect is that of a timeout reported by the action
    Row("W1", ev.Overdue, on.round_exhausted, _c4_round_failed),
    Row("W1", ev.Overdue, on.in_flight(Act.CONNECT), _c2_attempt_failed),
    Row("W1", ev.Overdue, on.checking(WARNING), _h6_failed_in_warning),
    Row("W1", ev.Overdue, on.in_flight(Act.CHECK), _h5_failed),
    Row("W1", ev.Overdue, on.in_flight(Act.CLOSE), _x5_survivors),
)

_ROWS: Final[dict[type[Event], tuple[Row, ...]]] = {
    event: tuple(row for row in TABLE if row.event is event) for event in dict.fromkeys(row.event for row in TABLE)
}
