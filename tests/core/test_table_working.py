"""The rows of the table that work on their own: connecting, health, loss, closing, timers and deadlines."""

from __future__ import annotations

from functools import partial

import pytest

from mcpstore.core.actions import Arm, Close, Edge, Publish, Withdraw
from mcpstore.core.context import Limits
from mcpstore.core.events import (
    CheckFail,
    CheckOk,
    CheckSlow,
    CheckTimeout,
    Closed,
    Lost,
    OpenOk,
    Overdue,
    Timer,
)
from mcpstore.models.service import Reason
from tests.model_check import situation, walk

from .situations import (
    BLIND,
    BUSY,
    CHECK,
    COOL,
    FAILED,
    FAST,
    HEALTHY,
    LAST_ATTEMPT,
    LATE,
    RECHECK,
    REFUSED,
    RESTING,
    RETRY,
    START,
    UNHEALTHY,
    UNKNOWN,
    WAITING,
    WARNING,
    S,
    budget,
)

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time


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


def test_c1_a_connect_alone_clears_no_failures():
    taken = walk(*RESTING, COOL, OpenOk)

    assert budget(taken.after) == (0, 0, 1, True)
    assert budget(walk(*WAITING, RETRY, OpenOk).after) == (1, 1, 0, False)


@pytest.mark.parametrize("failure", [FAILED, LATE])
def test_c2_a_failed_first_attempt_is_closed_and_retried(failure):
    taken = walk(START, failure)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"
    assert taken.actions == (Edge(S.INITIALIZING, S.RECONNECTING), Close(1))
    assert taken.after.attempts == 1


@pytest.mark.parametrize("failure", [FAILED, LATE])
def test_c3_a_failed_further_attempt_is_closed_and_retried(failure):
    taken = walk(*WAITING, RETRY, failure)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"
    assert taken.actions == (Close(2),)
    assert taken.after.attempts == 2


def test_c4_the_tenth_failed_attempt_ends_the_round():
    taken = walk(START, *[FAILED, Closed, RETRY] * 9, FAILED)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.EXHAUSTED
    assert taken.actions == (Edge(S.RECONNECTING, S.DISCONNECTED), Close(10))
    assert taken.after.attempts == 10


def test_c4_on_probation_one_failed_attempt_ends_the_round():
    taken = walk(*RESTING, COOL, FAILED)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.EXHAUSTED


def test_c4_a_first_attempt_passes_reconnecting_on_its_way_to_the_cool_down():
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
    assert walk(*WARNING, CHECK, CheckOk).after.connection is S.WARNING
    assert walk(*WARNING, CHECK, CheckOk, CHECK, CheckOk).after.connection is S.HEALTHY
    assert walk(*WARNING, CHECK, CheckOk, CHECK, CheckSlow, CHECK, CheckOk).after.connection is S.WARNING


def test_h4_a_further_slow_answer_clears_the_failures():
    taken = walk(*WARNING, CHECK, CheckFail, FAST, CheckSlow)

    assert situation(taken.after) == "WARNING⏲CHECK"
    assert (taken.after.fails, taken.after.good_checks) == (0, 0)


@pytest.mark.parametrize("failure", [CheckFail, CheckTimeout])
@pytest.mark.parametrize("way", [HEALTHY, UNKNOWN])
def test_h5_a_failed_check_is_a_suspicion(way, failure):
    taken = walk(*way, RECHECK, failure)

    assert situation(taken.after) == "UNHEALTHY⏲FAST"
    assert taken.after.fails == 1
    assert not taken.orders  # the connection is kept


def test_h5_failures_are_kept_in_unknown():
    taken = walk(*UNHEALTHY, FAST, CheckFail, FAST, BLIND, FAST, CheckFail)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→BACKOFF⟩"


@pytest.mark.parametrize("failure", [CheckFail, CheckTimeout])
def test_h6_a_slow_service_may_fail_once(failure):
    once = walk(*WARNING, CHECK, failure)
    twice = walk(FAST, failure, start=once.after)

    assert situation(once.after) == "WARNING⏲FAST"
    assert situation(twice.after) == "UNHEALTHY⏲FAST"
    assert twice.after.fails == 2


def test_h6_a_slow_service_with_a_failure_limit_of_one_is_lost():
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
def test_h9_a_timely_answer_clears_every_suspicion(way, answer, state):
    taken = walk(*way, FAST, answer)

    assert taken.after.connection is state
    assert (taken.after.fails, taken.after.undecided_checks) == (0, 0)
    assert not any(isinstance(action, Publish) for action in taken.actions)


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_h10_trouble_of_the_manager_is_no_evidence(way):
    taken = walk(*way, RECHECK, *[BLIND, FAST] * 20)

    assert situation(taken.after) == "UNKNOWN⟨CHECK⟩"
    assert (taken.after.fails, taken.after.undecided_checks) == (walk(*way).after.fails, 0)
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
def test_d2_a_loss_above_the_limit_is_followed_by_a_cool_down(way):
    taken = walk(*way)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.INTENSITY
    assert [edge.new for edge in taken.edges][-2:] == [S.RECONNECTING, S.DISCONNECTED]


def test_d2_a_full_window_alone_ends_nothing():
    assert walk(*HEALTHY, CHECK, partial(CheckFail, **FULL)).after.connection is S.UNHEALTHY


def test_d2_on_probation_one_loss_is_followed_by_a_cool_down():
    taken = walk(*RESTING, COOL, OpenOk, Lost)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→COOL⟩"
    assert taken.after.reason is Reason.INTENSITY
