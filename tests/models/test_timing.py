"""Figures that contradict each other are refused; figures without effect are pointed out."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.core.context import Limits
from mcpstore.errors import ConfigError
from mcpstore.models.timing import DEFAULT_TIMING, Timeouts, Timing

NAMES = [field.name for field in attrs.fields(Timing)]


def test_the_defaults_are_consistent():
    assert Timing().warnings() == []
    assert Timing() == DEFAULT_TIMING


def test_the_defaults_keep_the_promises_of_the_lifecycle():
    timing = DEFAULT_TIMING
    frozen = timing.check_interval * (1 + timing.check_jitter) + timing.check_timeout

    assert frozen == pytest.approx(43)  # until a frozen service is UNHEALTHY
    assert frozen + 2 * (timing.fast_interval + timing.check_timeout) == pytest.approx(73)  # until it is reconnected
    assert timing.cool_cap * (1 + timing.cool_jitter) == pytest.approx(360)  # until a healed one is tried again
    assert timing.close_timeout == 7
    assert timing.attempts == Limits().attempts


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, -0.001, float("nan"), float("-inf")])
def test_a_negative_figure_is_refused(name, value):
    with pytest.raises(ConfigError, match=rf"^{name}: must not be negative \(got "):
        Timing(**{name: value})


@pytest.mark.parametrize(
    ("larger", "smaller", "changes"),
    [
        ("backoff_cap", "backoff_base", {"backoff_base": 61.0}),
        ("cool_base", "backoff_cap", {"backoff_cap": 61.0}),
        ("cool_cap", "cool_base", {"cool_base": 301.0}),
        ("check_interval", "check_timeout", {"check_timeout": 31.0}),
    ],
)
def test_a_larger_figure_below_a_smaller_one_is_refused(larger, smaller, changes):
    with pytest.raises(ConfigError, match=rf"^{larger} must not be below {smaller} \(got .*\); raise {larger}$"):
        Timing(**changes)


@pytest.mark.parametrize("name", ["check_jitter", "cool_jitter"])
def test_a_jitter_that_leaves_no_delay_is_refused(name):
    with pytest.raises(ConfigError, match=rf"^{name}: must be below 1 \(got 1\); lower it$"):
        Timing(**{name: 1})


def test_a_backoff_without_a_pause_is_refused():
    with pytest.raises(ConfigError, match=r"^backoff_base: must be above 0 \(got 0\); "):
        Timing(backoff_base=0)


def test_a_restart_window_that_cannot_fill_is_reported():
    (message,) = Timing(window=200).warnings()

    assert message == (
        "window_burst: 5 losses at 60 s apart do not fit into 200 s, so the restart window never fills; "
        "raise window or lower backoff_cap"
    )
    assert Timing(window=300).warnings() == []


@given(st.floats(0.001, 1000))
def test_scaling_changes_durations_and_keeps_counts_and_jitters(factor):
    scaled = DEFAULT_TIMING.scaled(factor)

    kept = {"check_jitter", "cool_jitter", "attempts", "window_burst"}
    for name in NAMES:
        expected = getattr(DEFAULT_TIMING, name) * (1 if name in kept else factor)
        assert getattr(scaled, name) == pytest.approx(expected)


def test_a_service_has_no_own_deadlines_by_default():
    assert set(attrs.asdict(Timeouts()).values()) == {None}
