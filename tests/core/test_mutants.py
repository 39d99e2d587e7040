"""The check is worth what it finds: flaws are put into the kernel deliberately, and each must be found."""

from __future__ import annotations

import sys

import pytest

from mcpstore.core.actions import Withdraw
from mcpstore.core.context import Limits
from mcpstore.core.events import OpenOk, Start, Stop
from mcpstore.core.lifecycle import step
from tests.model_check import (
    OF_CONTEXTS,
    OF_FUTURES,
    OF_STEPS,
    Patch,
    Violation,
    check,
    patched,
    walk,
)

from .flaws_of_state import FLAWS

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name.replace(" ", "-"))
def test_every_flaw_is_detected(flaw):
    assert flaw.found() is not None
    assert flaw.found(only=flaw.found_by) == flaw.found_by


def test_every_invariant_detects_a_flaw():
    in_words = {invariant.__name__ for invariant in (*OF_CONTEXTS, *OF_STEPS, *OF_FUTURES)}
    in_the_search = {"i1_heard_where_listed", "i1_everything_occurs", "run_status"}

    assert {flaw.found_by for flaw in FLAWS} == in_words | in_the_search


def test_the_flaws_are_many_and_differ():
    assert len({flaw.name for flaw in FLAWS}) == len(FLAWS) >= 24


def test_a_copy_of_the_kernel_without_a_flaw_passes(seen):
    assert check(patched()) == seen.report


def test_a_flaw_without_its_source_text_is_refused():
    with pytest.raises(ValueError, match="stands 0 times in transition; it must be once: 'no such text'"):
        patched(Patch("transition", "no such text", ""))


def test_a_flaw_whose_text_is_not_unique_is_refused():
    with pytest.raises(ValueError, match=r"stands \d+ times in lifecycle"):
        patched(Patch("lifecycle", "m.closed()", ""))


def test_a_flaw_does_not_change_the_real_kernel():
    loaded = set(sys.modules)

    flawed = patched(Patch("transition", "            self.actions.append(Withdraw())", "            pass"))

    assert Withdraw() not in flawed.step(walk(Start(), OpenOk).after, Stop(), Limits())[1]
    assert Withdraw() in step(walk(Start(), OpenOk).after, Stop())[1]
    assert set(sys.modules) == loaded


def test_a_violation_shows_the_shortest_path_to_it():
    kernel = patched(Patch("transition", "            self.actions.append(Withdraw())", "            pass"))

    with pytest.raises(Violation) as caught:
        check(kernel)

    assert [type(event).__name__ for event in caught.value.path] == ["Start", "OpenOk"]
    assert "I7: tools are published" in str(caught.value)
    assert "OPEN_OK                      -> HEALTHY⏲CHECK" in str(caught.value)
    assert "HEALTHY⏲CHECK -- STOP --> DISCONNECTED⟨CLOSE→PARK⟩" in str(caught.value)


def test_an_exception_in_a_step_is_a_violation():
    kernel = patched(
        Patch("lifecycle", "def _t1_check(m: Transition, _e: Event) -> None:", "def _t1_check(m: Move) -> None:")
    )

    with pytest.raises(Violation, match="i1_total") as caught:
        check(kernel)

    assert isinstance(caught.value.__cause__, TypeError)


def test_a_machine_with_unbounded_contexts_is_a_violation():
    with pytest.raises(Violation, match="finite: There are more than 100 contexts"):
        check(most=100)
