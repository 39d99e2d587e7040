"""The machine keeps its invariants in every context it can reach, whatever happens."""

from __future__ import annotations

import pytest

from mcpstore.core.lifecycle import TABLE
from mcpstore.core.models import events as ev
from mcpstore.core.models.events import Event
from mcpstore.testing.model import ALPHABET, OF_CONTEXTS, OF_FUTURES, OF_STEPS, walk
from mcpstore.testing.model.listed import AUTOMATIC_EDGES, OPERATOR_EDGES, RUN_EDGES


def test_every_invariant_holds_in_every_reachable_context(seen):
    assert seen.report.states > 3000
    assert seen.report.transitions == seen.report.states * len(ALPHABET)
    assert seen.report.moves == len(seen.steps)


def test_the_alphabet_has_every_event():
    kinds = set(Event.__subclasses__()) | set(ev.Completion.__subclasses__())

    assert {type(event) for event in ALPHABET} == kinds - {ev.Completion}


def test_the_alphabet_has_no_event_twice():
    assert len(set(ALPHABET)) == len(ALPHABET)


def test_every_invariant_says_in_words_what_it_is():
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

    # O4 and O8 change nothing; C3, H8 and D2 are told apart inside C2, H5 to H7 and D1
    assert {row.name for row in TABLE} == {f"{letter}{n}" for letter in numbers for n in numbers[letter]}


def test_a_walk_ends_with_its_last_step():
    taken = walk(ev.Start(), ev.OpenOk, ev.Stop())

    assert str(taken) == (
        "HEALTHY⏲CHECK -- STOP --> DISCONNECTED⟨CLOSE→PARK⟩, "
        "asking for WITHDRAW, EDGE(HEALTHY -> DISCONNECTED), CLOSE(1)"
    )


def test_a_walk_needs_a_step():
    with pytest.raises(ValueError, match="at least one event"):
        walk()
