"""The suite of recovery policies catches those that are wrong."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from pydantic import BaseModel

from mcpstore import hookimpl
from mcpstore.hooks import GiveUp, RecoveryPolicy, Retry
from mcpstore.testing.loop import VirtualLoop
from mcpstore.testing.suites import RecoveryPolicySuite
from testing.running import failures


class Options(BaseModel, extra="forbid"):
    pass


class Loose(BaseModel, extra="allow"):
    pass


class Plugin:
    def __init__(self, decide: Any, config: type[BaseModel] = Options) -> None:
        self.decide = decide
        self.config = config

    @hookimpl
    def mcpstore_recovery_policies(self) -> list[RecoveryPolicy[Any]]:
        return [RecoveryPolicy(name="tested", config=self.config, decide=self.decide)]


def right(incident, _options):
    return Retry(after=incident.delay)


def hasty(_incident, _options):
    return Retry(after=0.0)  # the manager keeps to the floor


async def asynchronous(incident, _options):
    return Retry(after=incident.delay)


def answers_a_number(incident, _options):
    return incident.delay


def fails_at_the_extremes(incident, _options):
    return Retry(after=1.0 / incident.attempt)


def waits_for_ever(_incident, _options):
    return Retry(after=float("inf"))


def goes_back_in_time(incident, _options):
    return Retry(after=incident.delay - 10)


def waits_for_a_month(_incident, _options):
    return Retry(after=30 * 86_400.0)


def gives_up_without_a_word(_incident, _options):
    return GiveUp(why="")


def reads_words(incident, _options):
    return GiveUp(why=incident.error) if "token" in incident.error else Retry(after=incident.delay)


@pytest.mark.parametrize(
    ("plugin", "caught"),
    [
        (Plugin(right), set()),
        (Plugin(hasty), set()),
        (Plugin(right, Loose), {"test_good_options_are_accepted_and_an_unknown_one_is_refused_by_name"}),
        (
            Plugin(asynchronous),
            {
                "test_it_answers_at_once",
                "test_every_failure_gets_a_valid_decision",
                "test_asked_the_same_it_answers_the_same",
            },
        ),
        (Plugin(answers_a_number), {"test_every_failure_gets_a_valid_decision"}),
        (Plugin(fails_at_the_extremes), {"test_every_failure_gets_a_valid_decision"}),
        (
            Plugin(waits_for_ever),
            {
                "test_every_wait_is_a_number_of_seconds",
                "test_no_wait_is_longer_than_the_limit",
            },
        ),
        (Plugin(goes_back_in_time), {"test_every_wait_is_a_number_of_seconds"}),
        (
            Plugin(waits_for_a_month),
            {
                "test_no_wait_is_longer_than_the_limit",
                "test_a_service_that_died_comes_back",
            },
        ),
        (
            Plugin(gives_up_without_a_word),
            {"test_giving_up_has_a_reason", "test_a_service_that_died_comes_back"},
        ),
        (Plugin(reads_words), {"test_the_text_of_an_error_does_not_decide"}),
    ],
    ids=lambda given: given.decide.__name__ if isinstance(given, Plugin) else "",
)
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_a_wrong_policy_is_detected(plugin, caught, tmp_path):
    class Tested(RecoveryPolicySuite):
        name = "tested"

    Tested.plugin = plugin
    result = failures(Tested, tmp_path, loop=VirtualLoop)
    assert result >= caught
    assert result == set() or caught


@pytest.mark.parametrize(
    "caught", ["test_failures_of_one_service_do_not_affect_another", "test_asked_the_same_it_answers_the_same"]
)
def test_a_policy_with_one_counter_for_all_services_is_detected(caught, tmp_path):
    counter = itertools.count()

    def decide(incident, _options):
        return Retry(after=incident.delay) if next(counter) < 15 else GiveUp(why="too often")

    class Tested(RecoveryPolicySuite):
        plugin = Plugin(decide)
        name = "tested"

    assert failures(Tested, tmp_path, caught, loop=VirtualLoop) == {caught}
