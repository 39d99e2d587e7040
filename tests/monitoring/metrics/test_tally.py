"""Latency histogram: exact for a few calls, nearly exact for many, and independent of how counts were split."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcpstore.models.latency import ACCURACY, LONGEST, SHORTEST, LatencyHistogram
from mcpstore.monitoring.metrics import Tally, Window
from mcpstore.monitoring.metrics.tally import MAX_EXACT

durations = st.floats(min_value=1e-6, max_value=600.0)
calls = st.lists(st.tuples(durations, st.booleans(), st.booleans()), max_size=300)
SHARES = (0.0, 0.5, 0.95, 0.99, 1.0)


def counted(some: list[tuple[float, bool, bool]]) -> Tally:
    tally = Tally()
    for duration, failed, slow in some:
        tally.add(duration, failed=failed, slow=slow)
    return tally


def exactly(some: list[float], share: float) -> float:
    return sorted(some)[max(0, math.ceil(share * len(some)) - 1)] if some else 0.0


@given(calls)
def test_counts_are_exact_and_percentiles_have_an_error_of_at_most_one_percent(some):
    tally, times = counted(some), [duration for duration, _, _ in some]
    assert (tally.calls, tally.failed, tally.slow) == (
        len(some),
        sum(f for _, f, _ in some),
        sum(s for _, _, s in some),
    )
    assert tally.longest == max(times, default=0.0)
    assert tally.mean == pytest.approx(sum(times) / len(times) if times else 0.0)
    assert tally.error_rate == (tally.failed / tally.calls if some else 0.0)
    for share, estimate in zip(SHARES, tally.quantiles(*SHARES), strict=True):
        assert estimate == pytest.approx(exactly(times, share), rel=ACCURACY if len(some) > MAX_EXACT else 0)


@given(st.lists(calls, max_size=6))
def test_merged_counts_equal_those_of_all_calls(parts):
    whole = Tally()
    for part in parts:
        whole.merge(counted(part))
    every = [call for part in parts for call in part]
    at_once, times = counted(every), [duration for duration, _, _ in every]
    assert (whole.calls, whole.failed, whole.slow) == (at_once.calls, at_once.failed, at_once.slow)
    assert whole.longest == at_once.longest
    assert whole.total == pytest.approx(at_once.total)
    for share, estimate in zip(SHARES, whole.quantiles(*SHARES), strict=True):
        assert estimate == pytest.approx(exactly(times, share), rel=ACCURACY)


def test_merging_does_not_change_its_inputs():
    part = counted([(0.1 * n, False, False) for n in range(1, 200)])
    before = part.quantiles(*SHARES)
    whole = Tally()
    whole.merge(part)
    whole.merge(part)
    whole.add(500.0, failed=False, slow=False)
    assert part.quantiles(*SHARES) == before
    assert (part.calls, whole.calls) == (199, 399)


@given(st.lists(st.lists(durations, max_size=90), max_size=5))
def test_stored_and_merged_durations_equal_those_of_all_calls(parts):
    whole = LatencyHistogram()
    for part in parts:
        kept = counted([(duration, False, False) for duration in part]).latencies().to_bytes()
        assert LatencyHistogram(kept).to_bytes() == kept
        whole.merge(LatencyHistogram(kept))
    every = [duration for part in parts for duration in part]
    assert whole.count == len(every)
    for share, estimate in zip(SHARES, whole.quantiles(*SHARES), strict=True):
        assert estimate == pytest.approx(exactly(every, share), rel=ACCURACY + 1e-9)


@given(st.binary(max_size=50))
@example(b"\xff" * 300 + b"\x01" + b"\xff" * 300 + b"\x01")  # bins and counts beyond the range of floats
def test_arbitrary_bytes_are_decoded_without_an_error(kept):
    whole = LatencyHistogram(kept)
    whole.add(1.0)
    assert LatencyHistogram(whole.to_bytes()).to_bytes() == whole.to_bytes()
    [least, most] = whole.quantiles(0.0, 1.0)
    assert SHORTEST * (1 - ACCURACY) <= least <= most <= LONGEST * (1 + ACCURACY)


@pytest.mark.parametrize("duration", [0.0, SHORTEST, 1e-3, 1.0, 600.0, LONGEST, 1e9])
def test_a_duration_survives_encoding_and_decoding(duration):
    whole = LatencyHistogram()
    whole.add(duration)
    [estimate] = LatencyHistogram(whole.to_bytes()).quantiles(0.5)
    assert estimate == pytest.approx(min(max(duration, SHORTEST), LONGEST), rel=ACCURACY)


def test_a_few_calls_take_a_few_bytes():
    some = counted([(0.01 * (1 + n % 7), False, False) for n in range(60)])
    assert len(some.latencies().to_bytes()) <= 3 * 7


def test_memory_is_bounded_for_any_number_of_calls():
    tally, dice = Tally(), random.Random(1)
    for _ in range(20_000):
        tally.add(dice.lognormvariate(-5, 3), failed=False, slow=False)
    for extreme in (0.0, 1e-12, 1e12):
        tally.add(extreme, failed=False, slow=False)
    assert len(tally._exact) <= MAX_EXACT
    assert len(tally.latencies()) <= 1300


events = st.lists(
    st.tuples(st.floats(min_value=0.0, max_value=200.0), st.floats(min_value=0.001, max_value=9.0)), max_size=60
)


@given(events, st.floats(min_value=0.0, max_value=700.0), st.floats(min_value=0.0, max_value=1e6), st.integers(1, 9))
def test_a_window_contains_exactly_the_calls_of_its_ten_slots(events, later, began, every):
    window, now, happened, calls = Window(began), began, [], 0
    for number, (pause, duration) in enumerate(events):
        now += pause
        if number % every == 0:
            window.tally(now)  # reading changes nothing
        if number % every == 1:
            calls += window.since_last_sample().calls  # a sample changes nothing either
        window.add(duration, now, failed=False, slow=False)
        happened.append((now, duration))
    now += later
    inside = [duration for at, duration in happened if now // 30 - at // 30 < 10]
    tally = window.tally(now)
    assert tally.calls == len(inside)
    assert tally.total == pytest.approx(sum(inside))
    assert len(window._slots) <= 10
    assert window.since_last_sample(keep=True).calls == window.since_last_sample().calls == len(events) - calls
    assert window.since_last_sample().calls == 0
    assert window.tally(now).calls == len(inside)


@given(st.floats(min_value=0.0, max_value=1e6), st.floats(min_value=0.0, max_value=5000.0))
def test_a_window_covers_the_observed_part_of_the_last_five_minutes(began, age):
    covered = Window(began).covered_seconds(began + age)
    assert 1.0 <= covered <= 300.0
    assert covered <= max(1.0, age + 1e-6)
    assert covered >= min(age, 270.0) - 1e-6
