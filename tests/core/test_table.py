"""The table, row by row (each test is named after its row), and as the product of situations and events."""

from __future__ import annotations

from functools import partial

import attrs
import pytest

from mcpstore.core.context import Act, Context, Desired, Limits, Next
from mcpstore.core.lifecycle import step
from mcpstore.core.models.actions import Arm, Close, Edge, Forget, Open, Probe, Publish, Withdraw
from mcpstore.core.models.events import (
    CheckFail,
    CheckOk,
    CheckSlow,
    CheckTimeout,
    CheckUndecidable,
    Closed,
    CloseFail,
    Completion,
    Expired,
    Failure,
    Lost,
    OpenFail,
    OpenOk,
    Overdue,
    Recheck,
    Remove,
    Restart,
    Start,
    Stop,
    Timer,
    Undecided,
    Update,
)
from mcpstore.core.models.service import Reason, ServiceConnectionState
from mcpstore.testing.model import ALPHABET, situation, walk
from mcpstore.testing.model.alphabet import NOW
from mcpstore.testing.model.listed import GRID
from mcpstore.testing.model.notation import event_kind

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time

S = ServiceConnectionState
START, STOP, RESTART, REMOVE, RECHECK = Start(), Stop(), Restart(), Remove(), Recheck()
NEW_CONNECTION, NEW_POLICY = Update(reconnect=True), Update(reconnect=False)
FAILED = partial(OpenFail, failure=Failure.TRANSIENT)
LATE = partial(OpenFail, failure=Failure.TIMEOUT)
REFUSED = partial(OpenFail, failure=Failure.PERMANENT)
BLIND = partial(CheckUndecidable, cause=Undecided.LOCAL)
BUSY = partial(CheckUndecidable, cause=Undecided.SERVICE)
GIVEN_UP = partial(Closed, give_up=True)
CHECK, FAST, RETRY, COOL = (Expired(timer) for timer in (Timer.CHECK, Timer.FAST, Timer.RETRY, Timer.COOL))
REAP, STABLE = Expired(Timer.REAP), Expired(Timer.STABLE)

HEALTHY = (START, OpenOk)
WARNING = (*HEALTHY, CHECK, CheckSlow)
UNHEALTHY = (*HEALTHY, CHECK, CheckFail)
UNKNOWN = (*HEALTHY, CHECK, BLIND)
WAITING = (START, FAILED, Closed)
RESTING = (START, REFUSED, Closed)
SURVIVED = (*HEALTHY, STOP, CloseFail)

LAST_ATTEMPT = Limits(attempts=1)


def renumbered(event, ctx):
    return attrs.evolve(event, epoch=ctx.epoch + event.epoch - NOW) if isinstance(event, Completion) else event


def budget(ctx):
    return ctx.att, ctx.exp, ctx.trips, ctx.half


# --- the product -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", GRID)
def test_listed_events_move_and_all_others_change_nothing(where, seen):
    ctx = seen.contexts[where]

    heard = set()
    for event in ALPHABET:
        if step(ctx, renumbered(event, ctx)) != (ctx, ()):
            stale = " (stale)" if isinstance(event, Completion) and event.epoch != NOW else ""
            timer = f"({event.timer.name})" if isinstance(event, Expired) else ""
            heard.add(event_kind(type(event)) + timer + stale)

    perhaps = {name.rstrip("?") for name in GRID[where] if name.endswith("?")}
    listed = {name for name in GRID[where] if not name.endswith("?")}
    assert heard - perhaps == listed | ({"T(STABLE)"} if ctx.stable else set())


def test_there_is_a_context_for_every_situation_and_no_other(seen):
    assert seen.contexts.keys() == GRID.keys()


# --- operator ----------------------------------------------------------------------------------------------


def test_o1_start_opens_what_was_never_started():
    taken = walk(START)

    assert situation(taken.after) == "INITIALIZING⟨CONNECT⟩"
    assert taken.after.desired is Desired.RUN
    assert taken.actions == (Edge(S.DISCONNECTED, S.INITIALIZING), Open(1))


def test_o1_start_forgets_earlier_trouble():
    taken = walk(*WAITING, STOP, START)

    assert budget(walk(*WAITING).after) == (1, 1, 0, False)
    assert budget(taken.after) == (0, 0, 0, False)


def test_o1_start_waits_for_the_close_under_way():
    taken = walk(*HEALTHY, STOP, START)

    assert situation(taken.after) == "INITIALIZING⟨CLOSE→CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.INITIALIZING),)


def test_o1_start_closes_survivors_first():
    taken = walk(*SURVIVED, START)

    assert situation(taken.after) == "INITIALIZING⟨CLOSE→CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.INITIALIZING), Close(1))


@pytest.mark.parametrize("word", [START, RECHECK])
def test_o2_a_person_need_not_wait_for_the_backoff(word):
    taken = walk(*WAITING, word)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Open(2),)
    assert budget(taken.after) == (0, 1, 0, False)  # the backoff goes on where it was


@pytest.mark.parametrize("word", [START, RECHECK])
def test_o2_a_person_need_not_wait_for_the_cool_down(word):
    taken = walk(*RESTING, word)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.RECONNECTING), Open(2))
    assert budget(taken.after) == (0, 0, 0, False)


@pytest.mark.parametrize("way", [(START, FAILED), (*HEALTHY, Lost), (START, REFUSED)])
def test_o3_start_during_a_retreat_opens_when_all_is_closed(way):
    taken = walk(*way, START)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→CONNECT⟩"
    assert not taken.orders
    assert walk(Closed, start=taken.after).actions == (Open(2),)


def test_o3_start_does_not_hurry_the_reaping_of_survivors():
    taken = walk(START, FAILED, CloseFail, START)

    assert situation(taken.after) == "RECONNECTING⏲REAP→CONNECT"
    assert taken.actions == ()


@pytest.mark.parametrize("way", [(START,), HEALTHY, WARNING, UNHEALTHY, UNKNOWN, (*HEALTHY, RESTART)])
def test_o4_start_of_what_runs_or_is_on_its_way_changes_nothing(way):
    taken = walk(*way, START)

    assert (taken.after, taken.actions) == (taken.before, ())


def test_o5_stop_wins_over_a_handshake_under_way():
    taken = walk(START, STOP)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→PARK⟩"
    assert taken.actions == (Edge(S.INITIALIZING, S.DISCONNECTED), Close(1))
    assert walk(OpenOk, start=taken.after).actions == ()  # it came too late


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN, (*HEALTHY, CHECK)])
def test_o5_stop_withdraws_the_tools_and_closes(way):
    taken = walk(*way, STOP)

    assert taken.actions == (Withdraw(), Edge(taken.before.conn, S.DISCONNECTED), Close(1))
    assert taken.after.reason is Reason.OPERATOR
    assert taken.after.timer is Timer.NONE
    assert not taken.after.stable


@pytest.mark.parametrize("way", [WAITING, RESTING])
def test_o5_stop_parks_at_once_what_is_closed_already(way):
    taken = walk(*way, STOP)

    assert situation(taken.after) == "DISCONNECTED parked"
    assert not taken.orders
    assert walk(RETRY, COOL, start=taken.after).after == taken.after


@pytest.mark.parametrize("way", [(START, FAILED), (*HEALTHY, RESTART), (START, REFUSED)])
def test_o5_stop_changes_what_follows_a_close_under_way(way):
    taken = walk(*way, STOP)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→PARK⟩"
    assert not taken.orders
    assert situation(walk(Closed, start=taken.after).after) == "DISCONNECTED parked"


def test_o5_stop_closes_survivors_again():
    taken = walk(START, FAILED, CloseFail, STOP)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→PARK⟩"
    assert taken.orders == [Close(1)]


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_o6_restart_closes_before_it_opens(way):
    taken = walk(*way, RESTART)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→CONNECT⟩"
    assert taken.actions == (Withdraw(), Edge(taken.before.conn, S.RECONNECTING), Close(1))
    assert walk(Closed, start=taken.after).actions == (Open(2),)


def test_o6_restart_of_a_first_attempt_begins_it_anew():
    assert situation(walk(START, RESTART).after) == "INITIALIZING⟨CLOSE→CONNECT⟩"


@pytest.mark.parametrize("way", [(), (*HEALTHY, STOP, Closed)])
def test_o6_restart_starts_what_was_stopped(way):
    assert situation(walk(*way, RESTART).after) == "INITIALIZING⟨CONNECT⟩"


@pytest.mark.parametrize("way", [WAITING, RESTING, (START, FAILED, CloseFail)])
def test_o6_restart_forgets_earlier_trouble(way):
    taken = walk(*way, RESTART)

    assert taken.after.conn is S.RECONNECTING
    assert budget(taken.after) == (0, 0, 0, False)


@pytest.mark.parametrize("way", [(START,), HEALTHY, WARNING, UNHEALTHY, UNKNOWN, (START, FAILED)])
def test_o7_a_new_configuration_opens_when_the_old_one_is_closed(way):
    taken = walk(*way, NEW_CONNECTION)

    assert situation(taken.after) == "INITIALIZING⟨CLOSE→CONNECT⟩"
    assert walk(Closed, start=taken.after).actions == (Open(2),)


@pytest.mark.parametrize("way", [WAITING, RESTING])
def test_o7_a_new_configuration_is_tried_at_once_where_nothing_is_open(way):
    taken = walk(*way, NEW_CONNECTION)

    assert situation(taken.after) == "INITIALIZING⟨CONNECT⟩"
    assert budget(taken.after) == (0, 0, 0, False)


@pytest.mark.parametrize("way", [(START,), HEALTHY, UNHEALTHY, WAITING, RESTING])
def test_o8_a_new_policy_restarts_nothing(way):
    taken = walk(*way, NEW_POLICY)

    assert (taken.after, taken.actions) == (taken.before, ())


def test_o8_a_new_configuration_does_not_start_what_is_stopped():
    taken = walk(NEW_CONNECTION)

    assert (taken.after, taken.actions) == (Context(), ())


@pytest.mark.parametrize("way", [(START,), HEALTHY, (START, FAILED), (*HEALTHY, STOP), SURVIVED])
def test_o9_remove_closes_then_forgets(way):
    removed = walk(*way, REMOVE)
    closed = walk(Closed, start=removed.after)

    assert situation(removed.after) == "DISCONNECTED⟨CLOSE→GONE⟩"
    assert closed.actions == (Forget(),)
    assert closed.after.removed


@pytest.mark.parametrize("way", [(), WAITING, RESTING, (*HEALTHY, STOP, Closed)])
def test_o9_remove_forgets_at_once_what_is_closed_already(way):
    taken = walk(*way, REMOVE)

    assert taken.after.removed
    assert taken.actions[-1] == Forget()


@pytest.mark.parametrize("word", [START, STOP, RESTART, REMOVE, RECHECK, NEW_CONNECTION, NEW_POLICY])
@pytest.mark.parametrize("way", [(), HEALTHY, SURVIVED])
def test_o9_nobody_can_undo_a_removal(way, word):
    taken = walk(*way, REMOVE, word)

    assert (taken.after, taken.actions) == (taken.before, ())


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_o10_recheck_looks_now(way):
    taken = walk(*way, RECHECK)

    assert situation(taken.after) == f"{taken.before.conn.name}⟨CHECK⟩"
    assert taken.actions == (Probe(1),)


# --- connecting --------------------------------------------------------------------------------------------


def test_c1_an_opened_service_is_healthy_and_callable():
    taken = walk(START, OpenOk)

    assert situation(taken.after) == "HEALTHY⏲CHECK"
    assert taken.actions == (
        Edge(S.INITIALIZING, S.HEALTHY),
        Publish(),
        Arm(timer=Timer.CHECK),
        Arm(timer=Timer.STABLE),
    )


def test_c1_a_connect_proves_nothing_yet():
    taken = walk(*RESTING, COOL, OpenOk)

    assert budget(taken.after) == (0, 0, 1, True)
    assert budget(walk(*WAITING, RETRY, OpenOk).after) == (1, 1, 0, False)


@pytest.mark.parametrize("failure", [FAILED, LATE])
def test_c2_a_first_attempt_that_failed_is_closed_and_tried_again(failure):
    taken = walk(START, failure)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"
    assert taken.actions == (Edge(S.INITIALIZING, S.RECONNECTING), Close(1))
    assert taken.after.att == 1


@pytest.mark.parametrize("failure", [FAILED, LATE])
def test_c3_a_further_attempt_that_failed_is_closed_and_tried_again(failure):
    taken = walk(*WAITING, RETRY, failure)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"
    assert taken.actions == (Close(2),)
    assert taken.after.att == 2


def test_c4_the_tenth_failed_attempt_ends_the_round():
    taken = walk(START, *[FAILED, Closed, RETRY] * 9, FAILED)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.EXHAUSTED
    assert taken.actions == (Edge(S.RECONNECTING, S.DISCONNECTED), Close(10))
    assert taken.after.att == 10


def test_c4_on_probation_one_failed_attempt_ends_the_round():
    taken = walk(*RESTING, COOL, FAILED)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.EXHAUSTED


def test_c4_a_first_attempt_passes_reconnecting_on_its_way_to_rest():
    taken = walk(START, FAILED, limits=LAST_ATTEMPT)

    assert taken.edges == [Edge(S.INITIALIZING, S.RECONNECTING), Edge(S.RECONNECTING, S.DISCONNECTED)]


@pytest.mark.parametrize("way", [(START,), (*WAITING, RETRY), (*RESTING, COOL)])
def test_c5_a_refusal_ends_the_round_at_once(way):
    taken = walk(*way, REFUSED)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.PERMANENT


# --- health ------------------------------------------------------------------------------------------------


def test_h1_an_answer_keeps_it_healthy():
    taken = walk(*HEALTHY, CHECK, CheckOk)

    assert situation(taken.after) == "HEALTHY⏲CHECK"
    assert taken.actions == (Arm(timer=Timer.CHECK),)


def test_h2_a_slow_answer_is_a_warning():
    taken = walk(*HEALTHY, CHECK, CheckSlow)

    assert situation(taken.after) == "WARNING⏲CHECK"
    assert taken.actions == (Edge(S.HEALTHY, S.WARNING), Arm(timer=Timer.CHECK))


def test_h3_two_timely_answers_in_a_row_end_a_warning():
    assert walk(*WARNING, CHECK, CheckOk).after.conn is S.WARNING
    assert walk(*WARNING, CHECK, CheckOk, CHECK, CheckOk).after.conn is S.HEALTHY
    assert walk(*WARNING, CHECK, CheckOk, CHECK, CheckSlow, CHECK, CheckOk).after.conn is S.WARNING


def test_h4_a_further_slow_answer_clears_the_failures():
    taken = walk(*WARNING, CHECK, CheckFail, FAST, CheckSlow)

    assert situation(taken.after) == "WARNING⏲CHECK"
    assert (taken.after.fails, taken.after.oks) == (0, 0)


@pytest.mark.parametrize("failure", [CheckFail, CheckTimeout])
@pytest.mark.parametrize("way", [HEALTHY, UNKNOWN])
def test_h5_a_failed_check_is_a_suspicion(way, failure):
    taken = walk(*way, RECHECK, failure)

    assert situation(taken.after) == "UNHEALTHY⏲FAST"
    assert taken.after.fails == 1
    assert not taken.orders  # the connection is kept


def test_h5_failures_survive_not_knowing():
    taken = walk(*UNHEALTHY, FAST, CheckFail, FAST, BLIND, FAST, CheckFail)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"


@pytest.mark.parametrize("failure", [CheckFail, CheckTimeout])
def test_h6_a_slow_service_may_fail_once(failure):
    once = walk(*WARNING, CHECK, failure)
    twice = walk(FAST, failure, start=once.after)

    assert situation(once.after) == "WARNING⏲FAST"
    assert situation(twice.after) == "UNHEALTHY⏲FAST"
    assert twice.after.fails == 2


def test_h6_a_slow_service_that_may_fail_only_once_at_all_is_lost():
    taken = walk(*WARNING, CHECK, CheckFail, limits=Limits(failures=1))

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"


@pytest.mark.parametrize("failure", [CheckFail, CheckTimeout])
def test_h7_a_second_failure_is_still_a_suspicion(failure):
    taken = walk(*UNHEALTHY, FAST, failure)

    assert situation(taken.after) == "UNHEALTHY⏲FAST"
    assert taken.after.fails == 2


@pytest.mark.parametrize("failure", [CheckFail, CheckTimeout])
def test_h8_the_third_failure_in_a_row_ends_the_connection(failure):
    taken = walk(*UNHEALTHY, FAST, failure, FAST, failure)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"
    assert taken.actions == (Withdraw(), Edge(S.UNHEALTHY, S.RECONNECTING), Close(1))


@pytest.mark.parametrize("way", [UNHEALTHY, UNKNOWN])
@pytest.mark.parametrize(("answer", "state"), [(CheckOk, S.HEALTHY), (CheckSlow, S.WARNING)])
def test_h9_an_answer_in_time_clears_every_suspicion(way, answer, state):
    taken = walk(*way, FAST, answer)

    assert taken.after.conn is state
    assert (taken.after.fails, taken.after.unk) == (0, 0)
    assert not any(isinstance(action, Publish) for action in taken.actions)


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_h10_our_own_trouble_is_no_evidence(way):
    taken = walk(*way, RECHECK, *[BLIND, FAST] * 20)

    assert situation(taken.after) == "UNKNOWN⟨CHECK⟩"
    assert (taken.after.fails, taken.after.unk) == (walk(*way).after.fails, 0)
    assert taken.after.epoch == 1


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_h11_a_busy_service_may_stay_silent_for_a_while(way):
    fourth = walk(*way, RECHECK, *[BUSY, FAST] * 3, BUSY)
    fifth = walk(FAST, BUSY, start=fourth.after)

    assert situation(fourth.after) == "UNKNOWN⏲FAST"
    assert situation(fifth.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"


# --- loss --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN, (*HEALTHY, CHECK)])
def test_d1_a_loss_passes_unhealthy_and_closes(way):
    taken = walk(*way, Lost)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"
    assert Withdraw() in taken.actions
    assert taken.edges[-1] == Edge(S.UNHEALTHY, S.RECONNECTING)
    assert taken.orders == [Close(1)]


FULL = {"intensity": True}


@pytest.mark.parametrize(
    "way",
    [
        (*HEALTHY, partial(Lost, **FULL)),
        (*UNHEALTHY, FAST, CheckFail, FAST, partial(CheckFail, **FULL)),
        (*UNHEALTHY, FAST, CheckFail, FAST, partial(CheckTimeout, **FULL)),
        (*UNHEALTHY, FAST, CheckFail, FAST, partial(Overdue, **FULL)),
        (*HEALTHY, CHECK, *[BUSY, FAST] * 4, partial(BUSY, **FULL)),
    ],
)
def test_d2_a_loss_too_many_is_followed_by_a_rest(way):
    taken = walk(*way)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.INTENSITY
    assert [edge.new for edge in taken.edges][-2:] == [S.RECONNECTING, S.DISCONNECTED]


def test_d2_a_full_window_alone_ends_nothing():
    assert walk(*HEALTHY, CHECK, partial(CheckFail, **FULL)).after.conn is S.UNHEALTHY


def test_d2_on_probation_one_loss_is_followed_by_a_rest():
    taken = walk(*RESTING, COOL, OpenOk, Lost)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.INTENSITY


# --- closing -----------------------------------------------------------------------------------------------


def test_x1_after_the_close_it_waits_longer_each_time():
    first = walk(START, FAILED, Closed)
    second = walk(RETRY, FAILED, Closed, start=first.after)

    assert situation(first.after) == situation(second.after) == "RECONNECTING⏲RETRY"
    assert first.actions == (Arm(timer=Timer.RETRY, exp=0),)
    assert second.actions == (Arm(timer=Timer.RETRY, exp=1),)


def test_x1_a_recovery_policy_may_give_up():
    taken = walk(*HEALTHY, Lost, GIVEN_UP)

    assert situation(taken.after) == "DISCONNECTED⏲COOL"
    assert taken.after.reason is Reason.EXHAUSTED
    assert taken.actions == (
        Edge(S.RECONNECTING, S.DISCONNECTED),
        Arm(timer=Timer.COOL, reason=Reason.EXHAUSTED, never=True),
    )


def test_x2_after_a_failed_round_it_rests_longer_each_time():
    first = walk(*RESTING)
    second = walk(COOL, FAILED, Closed, start=first.after)

    assert situation(first.after) == situation(second.after) == "DISCONNECTED⏲COOL"
    assert first.actions == (Arm(timer=Timer.COOL, reason=Reason.PERMANENT),)
    assert second.actions == (Arm(timer=Timer.COOL, reason=Reason.EXHAUSTED, trips=1),)


def test_x2_a_recovery_policy_may_make_the_rest_endless():
    taken = walk(START, REFUSED, GIVEN_UP)

    assert taken.actions == (Arm(timer=Timer.COOL, reason=Reason.PERMANENT, never=True),)


def test_x3_a_restart_opens_a_new_connection_when_all_is_closed():
    taken = walk(*HEALTHY, RESTART, Closed)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Open(2),)


def test_x4_a_stopped_service_is_parked_when_all_is_closed():
    taken = walk(*HEALTHY, STOP, Closed)

    assert situation(taken.after) == "DISCONNECTED parked"
    assert taken.actions == ()


def test_x4_a_removed_service_is_forgotten_when_all_is_closed():
    taken = walk(*HEALTHY, REMOVE, Closed)

    assert situation(taken.after) == "DISCONNECTED gone"
    assert taken.actions == (Forget(),)


@pytest.mark.parametrize("way", [(START, FAILED), (START, REFUSED), (*HEALTHY, RESTART), (*HEALTHY, STOP)])
def test_x5_survivors_are_reaped_before_anything_else(way):
    survived = walk(*way, CloseFail)
    reaped = walk(REAP, Closed, start=survived.after)

    assert survived.after.closebad
    assert survived.actions == (Arm(timer=Timer.REAP),)
    assert not reaped.after.closebad
    assert reaped.after == walk(*way, Closed).after


# --- timers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_t1_the_next_check_comes_by_itself(way):
    before = walk(*way).after
    taken = walk(Expired(before.timer), start=before)

    assert taken.after.act is Act.CHECK
    assert taken.actions == (Probe(1),)


def test_t2_the_next_attempt_comes_by_itself():
    taken = walk(*WAITING, RETRY)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Open(2),)


def test_t3_the_next_round_comes_by_itself_and_on_probation():
    taken = walk(*RESTING, COOL)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.RECONNECTING), Open(2))
    assert budget(taken.after) == (0, 0, 1, True)


@pytest.mark.parametrize("way", [(), (CHECK, CheckSlow), (CHECK, CheckFail), (CHECK, BLIND), (CHECK,)])
def test_t4_stability_clears_the_memory_of_trouble(way):
    taken = walk(*RESTING, COOL, OpenOk, *way, STABLE)

    assert budget(taken.before) == (0, 0, 1, True)
    assert budget(taken.after) == (0, 0, 0, False)
    assert situation(taken.after) == situation(taken.before)
    assert walk(STABLE, start=taken.after).after == taken.after


def test_t5_survivors_are_closed_again():
    taken = walk(START, FAILED, CloseFail, REAP)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"
    assert taken.actions == (Close(1),)


# --- deadlines ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [(START,), (*WAITING, RETRY), (*RESTING, COOL)])
def test_w1_a_connect_without_an_end_is_a_failed_attempt(way):
    overdue, late = walk(*way, Overdue), walk(*way, LATE)

    assert (overdue.after, overdue.actions) == (late.after, late.actions)


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_w1_a_check_without_an_end_is_a_timeout(way):
    overdue, late = walk(*way, RECHECK, Overdue), walk(*way, RECHECK, CheckTimeout)

    assert (overdue.after, overdue.actions) == (late.after, late.actions)


@pytest.mark.parametrize("way", [(START, FAILED), (*HEALTHY, STOP)])
def test_w1_a_close_without_an_end_has_survivors(way):
    overdue, failed = walk(*way, Overdue), walk(*way, CloseFail)

    assert (overdue.after, overdue.actions) == (failed.after, failed.actions)
    assert overdue.after.nxt is not Next.NONE
