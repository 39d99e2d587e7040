"""The policies `fixed`, `reregister`, `manual` and `backoff`, called directly."""

from __future__ import annotations

import pytest

from mcpstore.errors import ConfigError
from mcpstore.hooks import FailureContext, GiveUp, Reregister, Retry
from mcpstore.models.service import Reason
from mcpstore.runtime.validation import validated
from mcpstore_plugins import auto_recovery, backoff
from mcpstore_plugins.auto_recovery import FixedOptions, ManualOptions, ReregisterOptions


def incident(**fields):
    return FailureContext(
        **{"service": "a", "attempt": 0, "rounds": 0, "reason": Reason.NONE, "delay": 2, "floor": 1, **fields}
    )


def test_three_policies_are_offered_by_name():
    offered = {policy.name: policy for policy in auto_recovery.mcpstore_recovery_policies()}
    assert list(offered) == ["fixed", "reregister", "manual"]
    assert all(policy.decide(incident(), policy.config()) for policy in offered.values())


@pytest.mark.parametrize("attempt", [0, 3, 9])
def test_fixed_returns_the_same_wait_each_time(attempt):
    assert auto_recovery.fixed(incident(attempt=attempt), FixedOptions(delay=7)) == Retry(after=7)


def test_manual_gives_up_at_once():
    answer = auto_recovery.manual(incident(), ManualOptions())
    assert answer == GiveUp(why="its recovery policy is 'manual'")


def test_reregister_recreates_the_service_each_time_with_the_built_in_wait():
    assert auto_recovery.reregister(incident(), ReregisterOptions()) == Reregister(after=2)
    assert auto_recovery.reregister(incident(), ReregisterOptions(delay=30)) == Reregister(after=30)


def test_reregister_can_be_set_for_every_nth_attempt_and_precedes_each_round():
    options = ReregisterOptions(every=3)
    answers = [type(auto_recovery.reregister(incident(attempt=n), options)) for n in range(6)]
    assert answers == [Retry, Retry, Reregister, Retry, Retry, Reregister]
    next_round = incident(attempt=10, reason=Reason.EXHAUSTED)
    assert isinstance(auto_recovery.reregister(next_round, options), Reregister)


@pytest.mark.parametrize(
    ("decide", "options"),
    [
        (auto_recovery.fixed, FixedOptions(max_attempts=3, window=60)),
        (auto_recovery.reregister, ReregisterOptions(max_attempts=3, window=60)),
        (backoff.decide, backoff.BackoffOptions(max_attempts=3, window=60)),
    ],
)
def test_too_many_attempts_within_the_window_give_up(decide, options):
    assert not isinstance(decide(incident(attempts_ago=(1, 2, 61)), options), GiveUp)
    enough = decide(incident(attempts_ago=(1, 2, 59, 61)), options)
    assert enough == GiveUp(why="3 attempts within 60 s failed")


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (FixedOptions, {"delay": 0}, "delay"),
        (FixedOptions, {"delay": -1}, "delay"),
        (FixedOptions, {"delay": "soon"}, "delay"),
        (FixedOptions, {"delay": float("nan")}, "delay"),
        (FixedOptions, {"delay": float("inf")}, "delay"),
        (FixedOptions, {"max_attempts": 0}, "max_attempts"),
        (FixedOptions, {"max_attempts": 101}, "max_attempts"),
        (FixedOptions, {"window": 0}, "window"),
        (FixedOptions, {"dealy": 5}, "dealy"),
        (ReregisterOptions, {"every": 0}, "every"),
        (ReregisterOptions, {"delay": 0}, "delay"),
        (ManualOptions, {"delay": 5}, "delay"),
        (backoff.BackoffOptions, {"stretch": 0.5}, "stretch"),
        (backoff.BackoffOptions, {"max_attempts": 0}, "max_attempts"),
    ],
)
def test_an_invalid_option_is_refused_by_name(model, values, field):
    with pytest.raises(ConfigError, match=f"^{field}: "):
        validated(model, values, "policy")


def test_backoff_increases_waits_and_gives_up_after_the_set_number_of_rounds():
    assert backoff.decide(incident(), backoff.BackoffOptions(stretch=3)) == Retry(after=6)
    enough = backoff.decide(incident(rounds=2), backoff.BackoffOptions(max_rounds=2))
    assert enough == GiveUp(why="2 rounds of attempts failed")
