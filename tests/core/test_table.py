"""The table, row by row (each test is named after its row), and as the product of situations and events."""

from __future__ import annotations

import pytest

from mcpstore.core.actions import Close, Edge, Forget, Open, Probe, Withdraw
from mcpstore.core.context import Context, Desired
from mcpstore.core.events import (
    Closed,
    CloseFail,
    Completion,
    Expired,
    Lost,
    OpenOk,
    Timer,
)
from mcpstore.core.lifecycle import step
from mcpstore.models.service import Reason
from tests.model_check import ALPHABET, situation, walk
from tests.model_check.alphabet import NOW
from tests.model_check.listed import GRID
from tests.model_check.notation import event_kind

from .situations import (
    CHECK,
    COOL,
    FAILED,
    HEALTHY,
    NEW_CONNECTION,
    NEW_POLICY,
    RECHECK,
    REFUSED,
    REMOVE,
    RESTART,
    RESTING,
    RETRY,
    START,
    STOP,
    SURVIVED,
    UNHEALTHY,
    UNKNOWN,
    WAITING,
    WARNING,
    S,
    budget,
    renumbered,
)

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time


# --- the product -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", GRID)
def test_only_listed_events_change_a_context(where, seen):
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


def test_there_is_one_context_for_every_situation(seen):
    assert seen.contexts.keys() == GRID.keys()


# --- operator ----------------------------------------------------------------------------------------------


def test_o1_start_opens_a_service_that_was_never_started():
    taken = walk(START)

    assert situation(taken.after) == "INITIALIZING⟨CONNECT⟩"
    assert taken.after.desired is Desired.RUN
    assert taken.actions == (Edge(S.DISCONNECTED, S.INITIALIZING), Open(1))


def test_o1_start_clears_the_memory_of_failures():
    taken = walk(*WAITING, STOP, START)

    assert budget(walk(*WAITING).after) == (1, 1, 0, False)
    assert budget(taken.after) == (0, 0, 0, False)


def test_o1_start_waits_for_the_close_in_flight():
    taken = walk(*HEALTHY, STOP, START)

    assert situation(taken.after) == "INITIALIZING⟨CLOSE→CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.INITIALIZING),)


def test_o1_start_closes_survivors_first():
    taken = walk(*SURVIVED, START)

    assert situation(taken.after) == "INITIALIZING⟨CLOSE→CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.INITIALIZING), Close(1))


@pytest.mark.parametrize("word", [START, RECHECK])
def test_o2_an_operator_does_not_wait_for_the_backoff(word):
    taken = walk(*WAITING, word)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Open(2),)
    assert budget(taken.after) == (0, 1, 0, False)  # the backoff goes on where it was


@pytest.mark.parametrize("word", [START, RECHECK])
def test_o2_an_operator_does_not_wait_for_the_cool_down(word):
    taken = walk(*RESTING, word)

    assert situation(taken.after) == "RECONNECTING⟨CONNECT⟩"
    assert taken.actions == (Edge(S.DISCONNECTED, S.RECONNECTING), Open(2))
    assert budget(taken.after) == (0, 0, 0, False)


@pytest.mark.parametrize("way", [(START, FAILED), (*HEALTHY, Lost), (START, REFUSED)])
def test_o3_start_during_a_retreat_opens_after_the_close(way):
    taken = walk(*way, START)

    assert situation(taken.after) == "RECONNECTING⟨CLOSE→CONNECT⟩"
    assert not taken.orders
    assert walk(Closed, start=taken.after).actions == (Open(2),)


def test_o3_start_waits_for_the_reaping_of_survivors():
    taken = walk(START, FAILED, CloseFail, START)

    assert situation(taken.after) == "RECONNECTING⏲REAP→CONNECT"
    assert taken.actions == ()


@pytest.mark.parametrize("way", [(START,), HEALTHY, WARNING, UNHEALTHY, UNKNOWN, (*HEALTHY, RESTART)])
def test_o4_start_of_a_running_or_opening_service_changes_nothing(way):
    taken = walk(*way, START)

    assert (taken.after, taken.actions) == (taken.before, ())


def test_o5_stop_cancels_a_handshake_in_flight():
    taken = walk(START, STOP)

    assert situation(taken.after) == "DISCONNECTED⟨CLOSE→PARK⟩"
    assert taken.actions == (Edge(S.INITIALIZING, S.DISCONNECTED), Close(1))
    assert walk(OpenOk, start=taken.after).actions == ()  # it came too late


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN, (*HEALTHY, CHECK)])
def test_o5_stop_withdraws_the_tools_and_closes(way):
    taken = walk(*way, STOP)

    assert taken.actions == (Withdraw(), Edge(taken.before.connection, S.DISCONNECTED), Close(1))
    assert taken.after.reason is Reason.OPERATOR
    assert taken.after.timer is Timer.NONE
    assert not taken.after.stable


@pytest.mark.parametrize("way", [WAITING, RESTING])
def test_o5_stop_parks_a_closed_service_at_once(way):
    taken = walk(*way, STOP)

    assert situation(taken.after) == "DISCONNECTED parked"
    assert not taken.orders
    assert walk(RETRY, COOL, start=taken.after).after == taken.after


@pytest.mark.parametrize("way", [(START, FAILED), (*HEALTHY, RESTART), (START, REFUSED)])
def test_o5_stop_changes_what_follows_a_close_in_flight(way):
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
    assert taken.actions == (Withdraw(), Edge(taken.before.connection, S.RECONNECTING), Close(1))
    assert walk(Closed, start=taken.after).actions == (Open(2),)


def test_o6_restart_of_a_first_attempt_repeats_it():
    assert situation(walk(START, RESTART).after) == "INITIALIZING⟨CLOSE→CONNECT⟩"


@pytest.mark.parametrize("way", [(), (*HEALTHY, STOP, Closed)])
def test_o6_restart_starts_a_stopped_service(way):
    assert situation(walk(*way, RESTART).after) == "INITIALIZING⟨CONNECT⟩"


@pytest.mark.parametrize("way", [WAITING, RESTING, (START, FAILED, CloseFail)])
def test_o6_restart_clears_the_memory_of_failures(way):
    taken = walk(*way, RESTART)

    assert taken.after.connection is S.RECONNECTING
    assert budget(taken.after) == (0, 0, 0, False)


@pytest.mark.parametrize("way", [(START,), HEALTHY, WARNING, UNHEALTHY, UNKNOWN, (START, FAILED)])
def test_o7_a_new_configuration_opens_after_the_old_one_is_closed(way):
    taken = walk(*way, NEW_CONNECTION)

    assert situation(taken.after) == "INITIALIZING⟨CLOSE→CONNECT⟩"
    assert walk(Closed, start=taken.after).actions == (Open(2),)


@pytest.mark.parametrize("way", [WAITING, RESTING])
def test_o7_a_new_configuration_is_opened_at_once_if_nothing_is_open(way):
    taken = walk(*way, NEW_CONNECTION)

    assert situation(taken.after) == "INITIALIZING⟨CONNECT⟩"
    assert budget(taken.after) == (0, 0, 0, False)


@pytest.mark.parametrize("way", [(START,), HEALTHY, UNHEALTHY, WAITING, RESTING])
def test_o8_a_new_policy_restarts_nothing(way):
    taken = walk(*way, NEW_POLICY)

    assert (taken.after, taken.actions) == (taken.before, ())


def test_o8_a_new_configuration_does_not_start_a_stopped_service():
    taken = walk(NEW_CONNECTION)

    assert (taken.after, taken.actions) == (Context(), ())


@pytest.mark.parametrize("way", [(START,), HEALTHY, (START, FAILED), (*HEALTHY, STOP), SURVIVED])
def test_o9_remove_closes_then_deletes(way):
    removed = walk(*way, REMOVE)
    closed = walk(Closed, start=removed.after)

    assert situation(removed.after) == "DISCONNECTED⟨CLOSE→GONE⟩"
    assert closed.actions == (Forget(),)
    assert closed.after.removed


@pytest.mark.parametrize("way", [(), WAITING, RESTING, (*HEALTHY, STOP, Closed)])
def test_o9_remove_deletes_a_closed_service_at_once(way):
    taken = walk(*way, REMOVE)

    assert taken.after.removed
    assert taken.actions[-1] == Forget()


@pytest.mark.parametrize("word", [START, STOP, RESTART, REMOVE, RECHECK, NEW_CONNECTION, NEW_POLICY])
@pytest.mark.parametrize("way", [(), HEALTHY, SURVIVED])
def test_o9_no_event_can_undo_a_removal(way, word):
    taken = walk(*way, REMOVE, word)

    assert (taken.after, taken.actions) == (taken.before, ())


@pytest.mark.parametrize("way", [HEALTHY, WARNING, UNHEALTHY, UNKNOWN])
def test_o10_recheck_checks_now(way):
    taken = walk(*way, RECHECK)

    assert situation(taken.after) == f"{taken.before.connection.name}⟨CHECK⟩"
    assert taken.actions == (Probe(1),)
