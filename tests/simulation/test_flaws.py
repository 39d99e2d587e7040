"""The oracles are tested with flaws: each is injected into the runtime deliberately and must be detected."""

from __future__ import annotations

import pytest

from tests.simulation import simulate

from .flaws import FLAWS, Flaw, fleet

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name.replace(" ", "-"))
def test_every_flaw_is_detected(flaw, monkeypatch):
    broken = flaw.broken(monkeypatch)

    assert broken is not None
    assert broken.invariant == flaw.found_by, str(broken)


@pytest.mark.parametrize("plan", dict.fromkeys(flaw.plan for flaw in FLAWS), ids=lambda plan: plan.command)
def test_no_flaw_is_detected_where_there_is_none(plan):
    assert simulate(plan).broken is None


def test_the_flaws_are_many_and_differ():
    assert len({flaw.name for flaw in FLAWS}) == len(FLAWS) >= 6


def test_a_flaw_without_its_source_text_is_refused(monkeypatch):
    gone = Flaw(
        name="", found_by="", module="runtime.timers", where="Timers.arm", old="no such text", new="", plan=fleet()
    )

    with pytest.raises(ValueError, match=r"stands 0 times in runtime\.timers"):
        gone.put_in(monkeypatch)
