"""The recovery policy waits, and gives up."""

from __future__ import annotations

from typing import ClassVar

import pytest
from mcpstore_template import recovery_policy as plugin

from mcpstore.hooks import FailureContext, GiveUp, Retry
from mcpstore.models.service import Reason
from mcpstore.testing.suites import RecoveryPolicySuite


class TestRecoveryPolicy(RecoveryPolicySuite):
    plugin = plugin
    name = "template"
    options: ClassVar = {"factor": 1.5}


def incident(rounds: int = 0) -> FailureContext:
    return FailureContext(service="a", attempt=1, rounds=rounds, reason=Reason.NONE, delay=4.0, floor=1.0)


def test_waits_are_multiplied_by_the_factor():
    assert plugin.decide(incident(), plugin.Options(factor=3)) == Retry(after=12.0)


def test_after_the_maximal_number_of_rounds_it_gives_up():
    options = plugin.Options(max_rounds=2)
    assert isinstance(plugin.decide(incident(rounds=1), options), Retry)
    assert plugin.decide(incident(rounds=2), options) == GiveUp(why="2 rounds of attempts failed")


@pytest.mark.parametrize("options", [{"factor": 0.5}, {"max_rounds": 0}, {"patience": 1}])
def test_invalid_options_are_refused(options):
    with pytest.raises(ValueError, match=r"factor|max_rounds|patience"):
        plugin.Options(**options)
