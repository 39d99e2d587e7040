"""Delays stay within their bounds, whatever chance says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.core.backoff import (
    MAX_EXPONENT,
    MAX_FAILED_ROUNDS,
    cool_delay,
    cool_floor,
    jittered,
    retry_delay,
    retry_floor,
)
from mcpstore.models.service import Reason
from mcpstore.models.timing import DEFAULT_TIMING, Timing

chance = st.floats(0, 1, exclude_max=True)
counts = st.integers(0, 10_000)
rests = st.sampled_from([Reason.EXHAUSTED, Reason.INTENSITY])


@st.composite
def timings(draw):
    base = draw(st.floats(0.001, 100))
    cap = draw(st.floats(base, 1000))
    cool = draw(st.floats(cap, 5000))
    return Timing(
        backoff_base=base,
        backoff_cap=cap,
        cool_base=cool,
        cool_cap=draw(st.floats(cool, 10_000)),
        cool_permanent=draw(st.floats(0, 10_000)),
        cool_jitter=draw(st.floats(0, 1, exclude_max=True)),
    )


@given(timings(), counts, chance)
def test_a_retry_waits_between_half_of_the_backoff_and_all_of_it(timing, exp, u):
    d = min(timing.backoff_cap, timing.backoff_base * 2.0 ** min(exp, MAX_EXPONENT))

    assert d / 2 <= retry_delay(timing, exp, u) <= d * (1 + 1e-9)
    assert retry_floor(timing, exp) == d / 2


@given(timings(), counts, chance, chance)
def test_the_floor_of_the_backoff_never_shrinks(timing, exp, u, v):
    assert retry_floor(timing, exp) <= retry_floor(timing, exp + 1) <= timing.backoff_cap / 2
    assert retry_delay(timing, exp, u) <= retry_floor(timing, exp) * 2 * (1 + 1e-9)
    assert (retry_delay(timing, exp, u) <= retry_delay(timing, exp, v)) or u > v


@given(timings(), counts, rests, chance)
def test_a_cool_down_stays_between_its_floor_and_its_cap(timing, trips, reason, u):
    delay = cool_delay(timing, reason, trips, u)

    assert cool_floor(timing, reason, trips) <= delay * (1 + 1e-9)
    assert delay <= timing.cool_cap * (1 + timing.cool_jitter) * (1 + 1e-9)
    assert cool_floor(timing, reason, trips) <= cool_floor(timing, reason, trips + 1)


@given(timings(), counts, chance)
def test_every_cool_down_of_a_refused_service_has_the_same_length(timing, trips, u):
    assert cool_delay(timing, Reason.PERMANENT, trips, u) == cool_delay(timing, Reason.PERMANENT, 0, u)


@given(st.floats(0.001, 1e6), st.floats(0, 1), chance)
def test_jitter_stays_within_its_fraction(duration, fraction, u):
    assert duration * (1 - fraction) <= jittered(duration, fraction, u) * (1 + 1e-9)
    assert jittered(duration, fraction, u) <= duration * (1 + fraction) * (1 + 1e-9)


def test_the_default_backoff_is_one_to_sixty_seconds():
    assert [retry_floor(DEFAULT_TIMING, exp) * 2 for exp in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(("trips", "longest"), [(0, 72), (1, 144), (2, 288), (3, 360), (99, 360)])
def test_the_default_cool_down_is_one_to_five_minutes(trips, longest):
    assert cool_delay(DEFAULT_TIMING, Reason.EXHAUSTED, trips, 1) == pytest.approx(longest)


def test_the_default_cool_down_of_a_refused_service_is_half_an_hour():
    assert cool_delay(DEFAULT_TIMING, Reason.PERMANENT, 7, 0.5) == 1800


def test_huge_counts_do_not_overflow():
    assert retry_floor(DEFAULT_TIMING, 10**9) == 30
    assert cool_floor(DEFAULT_TIMING, Reason.INTENSITY, 10**9) == pytest.approx(240)
    assert MAX_EXPONENT == MAX_FAILED_ROUNDS == 16
