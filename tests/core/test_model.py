"""The machine keeps its invariants in every context it can reach, whatever happens."""

from __future__ import annotations

import runpy
from functools import partial

import pytest

from mcpstore.core import events as ev
from mcpstore.core.context import Context, Desired
from mcpstore.core.events import Event
from mcpstore.core.lifecycle import TABLE
from mcpstore.models.service import ServiceConnectionState
from tests.model_check import (
    ALPHABET,
    OF_CONTEXTS,
    OF_FUTURES,
    OF_STEPS,
    Violation,
    action_text,
    check,
    context_text,
    event_text,
    explore,
    situation,
    walk,
)
from tests.model_check.listed import AUTOMATIC_EDGES, OPERATOR_EDGES, RUN_EDGES

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time


def test_every_invariant_holds_in_every_reachable_context(seen):
    assert seen.report.states > 3000
    assert seen.report.transitions == seen.report.states * len(ALPHABET)
    assert seen.report.moves == len(seen.steps)


def test_the_alphabet_has_every_event():
    kinds = set(Event.__subclasses__()) | set(ev.Completion.__subclasses__())

    assert {type(event) for event in ALPHABET} == kinds - {ev.Completion}


def test_the_alphabet_has_no_duplicate_event():
    assert len(set(ALPHABET)) == len(ALPHABET)


def test_every_invariant_has_a_description():
    for invariant in (*OF_CONTEXTS, *OF_STEPS, *OF_FUTURES):
        number = invariant.__name__.split("_", 1)[0].upper()
        assert invariant.__doc__.startswith(f"{number}: ")


def test_the_lists_have_the_length_of_the_specification():
    assert len(AUTOMATIC_EDGES) == 13 + 5
    assert {kind.__name__: len(edges) for kind, edges in OPERATOR_EDGES.items()} == {
        "Start": 2,
        "Recheck": 1,
        "Stop": 6,
        "Remove": 6,
        "Update": 6,
        "Restart": 6,
    }
    assert len(RUN_EDGES) == 11 + 12


def test_the_rows_keep_the_names_of_the_specification():
    numbers = {"O": (1, 2, 3, 5, 6, 7, 9, 10), "C": (1, 2, 4, 5), "H": (*range(1, 8), 9, 10, 11), "D": (1,)}
    numbers |= {"X": range(1, 6), "T": range(1, 6), "W": (1,)}

    # O4 and O8 change nothing; C3, H8 and D2 are distinguished inside C2, H5 to H7 and D1
    assert {row.name for row in TABLE} == {f"{letter}{n}" for letter in numbers for n in numbers[letter]}


def test_a_walk_returns_its_last_step():
    taken = walk(ev.Start(), ev.OpenOk, ev.Stop())

    assert str(taken) == (
        "HEALTHY⏲CHECK -- STOP --> DISCONNECTED⟨CLOSE→PARK⟩, "
        "asking for WITHDRAW, EDGE(HEALTHY -> DISCONNECTED), CLOSE(1)"
    )


def test_a_walk_without_a_step_is_refused():
    with pytest.raises(ValueError, match="at least one event"):
        walk()


def test_the_check_can_be_run_as_a_command(seen, monkeypatch, capsys):
    monkeypatch.setattr("tests.model_check.check", lambda: seen.report)

    runpy.run_module("tests.model_check", run_name="__main__")

    output = capsys.readouterr().out
    assert output.startswith(f"{seen.report.states} states, {seen.report.transitions} transitions")
    assert output.endswith("no violation\n")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ev.Start(), "START"),
        (ev.Update(reconnect=True), "UPDATE(connection)"),
        (ev.Update(reconnect=False), "UPDATE(policy)"),
        (ev.OpenFail(epoch=1, failure=ev.Failure.TIMEOUT), "OPEN_FAIL(timeout)"),
        (
            ev.CheckUndecidable(epoch=1, cause=ev.Undecided.LOCAL, intensity=True),
            "CHECK_UNDECIDABLE(local, window full)",
        ),
        (ev.Closed(epoch=1, give_up=True), "CLOSED(give up)"),
        (ev.Lost(epoch=0), "LOST (stale)"),
        (ev.Expired(ev.Timer.RETRY), "T(RETRY)"),
    ],
)
def test_events_are_written_as_in_the_specification(event, text):
    assert event_text(event) == text


def test_contexts_are_written_as_differences_from_a_new_service():
    assert context_text(walk(ev.Start(), ev.OpenOk, ev.Stop(), ev.CloseFail).after) == (
        "DISCONNECTED⏲REAP→PARK with reason=operator, timer=reap, next_act=park, live=True, close_failed=True, epoch=1"
    )


def test_actions_are_written_as_in_the_specification():
    actions = walk(ev.Start(), partial(ev.OpenFail, failure=ev.Failure.PERMANENT), ev.Closed).actions

    assert [action_text(action) for action in actions] == ["ARM(COOL, reason=permanent)"]


def test_a_wanted_service_that_waits_for_nothing_is_stuck():
    assert situation(Context(desired=Desired.RUN)) == "DISCONNECTED stuck"


def test_a_listed_but_unseen_edge_is_a_violation(monkeypatch):
    edge = (ServiceConnectionState.WARNING, ServiceConnectionState.RECONNECTING)
    monkeypatch.setattr(explore, "AUTOMATIC_EDGES", AUTOMATIC_EDGES | {edge})

    with pytest.raises(Violation, match="i1_everything_occurs") as caught:
        check()

    assert "automatic edge WARNING -> RECONNECTING" in str(caught.value)
