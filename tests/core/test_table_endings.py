"""The rows of the table that end things, or begin them again: closing, timers, deadlines."""

from __future__ import annotations

import pytest

from mcpstore.core.actions import Arm, Close, Edge, Forget, Open, Probe
from mcpstore.core.context import Act, Next
from mcpstore.core.events import (
    CheckFail,
    CheckSlow,
    CheckTimeout,
    Closed,
    CloseFail,
    Expired,
    Lost,
    OpenOk,
    Overdue,
    Timer,
)
from mcpstore.models.service import Reason
from tests.model_check import situation, walk

from .situations import (
    BLIND,
    CHECK,
    COOL,
    FAILED,
    GIVEN_UP,
    HEALTHY,
    LATE,
    REAP,
    RECHECK,
    REFUSED,
    REMOVE,
    RESTART,
    RESTING,
    RETRY,
    STABLE,
    START,
    STOP,
    UNHEALTHY,
    UNKNOWN,
    WAITING,
    WARNING,
    S,
    budget,
)

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time


# --- closing -----------------------------------------------------------------------------------------------


def test_x1_the_backoff_after_a_close_grows():
    first = walk(START, FAILED, Closed)
    second = walk(RETRY, FAILED, Closed, start=first.after)

    assert situation(first.after) == situation(second.after) == "RECONNECTING⏲RETRY"
    assert first.actions == (Arm(timer=Timer.RETRY, backoff_exponent=0),)
    assert second.actions == (Arm(timer=Timer.RETRY, backoff_exponent=1),)


def test_x1_a_recovery_policy_may_give_up():
    taken = walk(*HEALTHY, Lost, GIVEN_UP)

    assert situation(taken.after) == "DISCONNECTED⏲COOL"
    assert taken.after.reason is Reason.EXHAUSTED
    assert taken.actions == (
        Edge(S.RECONNECTING, S.DISCONNECTED),
        Arm(timer=Timer.COOL, reason=Reason.EXHAUSTED, never=True),
    )


def test_x2_the_cool_down_after_a_failed_round_grows():
    first = walk(*RESTING)
    second = walk(COOL, FAILED, Closed, start=first.after)

    assert situation(first.after) == situation(second.after) == "DISCONNECTED⏲COOL"
    assert first.actions == (Arm(timer=Timer.COOL, reason=Reason.PERMANENT),)
    assert second.actions == (Arm(timer=Timer.COOL, reason=Reason.EXHAUSTED, failed_rounds=1),)


def test_x2_a_recovery_policy_may_make_the_cool_down_endless():
    taken = walk(START, REFUSED, GIVEN_UP)

    assert taken.actions == (Arm(timer=Timer.COOL, reason=Reason.PERMANENT, never=True),)


def test_x3_a_restart_opens_a_new_connection_after_the_close():
    taken = walk(*HEALTHY, RESTART, Closed)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Open(2),)


def test_x4_a_stopped_service_is_parked_after_the_close():
    taken = walk(*HEALTHY, STOP, Closed)

    assert situation(taken.after) == "DISCONNECTED parked"
    assert taken.actions == ()


def test_x4_a_removed_service_is_deleted_after_the_close():
    taken = walk(*HEALTHY, REMOVE, Closed)

    assert situation(taken.after) == "DISCONNECTED gone"
    assert taken.actions == (Forget(),)


@pytest.mark.parametrize("way", [(START, FAILED), (START, REFUSED), (*HEALTHY, RESTART), (*HEALTHY, STOP)])
def test_x5_survivors_are_reaped_before_anything_else(way):
    survived = walk(*way, CloseFail)
    reaped = walk(REAP, Closed, start=survived.after)

    assert survived.after.close_failed
    assert survived.actions == (Arm(timer=Timer.REAP),)
    assert not reaped.after.close_failed
    assert reaped.after == walk(*way, Closed).after


# --- timers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_t1_the_next_check_starts_automatically(way):
    before = walk(*way).after
    taken = walk(Expired(before.timer), start=before)

    assert taken.after.activity is Act.CHECK
    assert taken.actions == (Probe(1),)


def test_t2_the_next_attempt_starts_automatically():
    taken = walk(*WAITING, RETRY)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Open(2),)


def test_t3_the_next_round_starts_automatically_and_on_probation():
    taken = walk(*RESTING, COOL)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.RECONNECTING), Open(2))
    assert budget(taken.after) == (0, 0, 1, True)


@pytest.mark.parametrize("way", [(), (CHECK, CheckSlow), (CHECK, CheckFail), (CHECK, BLIND), (CHECK,)])
def test_t4_stability_clears_the_memory_of_failures(way):
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
def test_w1_a_hanging_connect_is_a_failed_attempt(way):
    overdue, late = walk(*way, Overdue), walk(*way, LATE)

    assert (overdue.after, overdue.actions) == (late.after, late.actions)


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_w1_a_hanging_check_is_a_timeout(way):
    overdue, late = walk(*way, RECHECK, Overdue), walk(*way, RECHECK, CheckTimeout)

    assert (overdue.after, overdue.actions) == (late.after, late.actions)


@pytest.mark.parametrize("way", [(START, FAILED), (*HEALTHY, STOP)])
def test_w1_a_hanging_close_has_survivors(way):
    overdue, failed = walk(*way, Overdue), walk(*way, CloseFail)

    assert (overdue.after, overdue.actions) == (failed.after, failed.actions)
    assert overdue.after.next_act is not Next.NONE
