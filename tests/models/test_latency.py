"""How long calls took: counted in parts or at once, kept and read again, a percentile is what it was."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.latency import ACCURACY, LONGEST, SHORTEST, LatencyHistogram

seconds = st.floats(SHORTEST, LONGEST)
SHARES = (0.0, 0.5, 0.95, 0.99, 1.0)


def counted(times):
    histogram = LatencyHistogram()
    for time in times:
        histogram.add(time)
    return histogram


@given(st.lists(seconds, min_size=1, max_size=50))
def test_the_error_of_a_percentile_is_at_most_one_per_cent(times):
    quantiles = counted(times).quantiles(*SHARES[1:])

    for share, value in zip(SHARES[1:], quantiles, strict=True):
        true = sorted(times)[max(0, math.ceil(share * len(times)) - 1)]
        assert value == pytest.approx(true, rel=1.001 * ACCURACY)


@given(st.lists(st.lists(seconds, max_size=20), max_size=5))
def test_merged_histograms_equal_one_histogram_of_all_values(parts):
    whole, kept = LatencyHistogram(), LatencyHistogram()
    for part in parts:
        whole.merge(counted(part))
        kept.merge_bytes(counted(part).to_bytes())
    at_once = counted([time for part in parts for time in part])

    assert whole.to_bytes() == kept.to_bytes() == at_once.to_bytes()
    assert whole.count == sum(map(len, parts))
    assert len(whole) <= whole.count


def test_large_counts_are_stored_in_several_bytes():
    many = LatencyHistogram()
    for _ in range(9):
        many.merge(many)
        for _ in range(100):
            many.add(0.1)

    assert many.count == 100 * (2**9 - 1)
    assert LatencyHistogram(many.to_bytes()).count == many.count
    assert len(many.to_bytes()) > 3


def test_without_calls_every_percentile_is_none():
    assert LatencyHistogram().quantiles(*SHARES) == (0.0,) * len(SHARES)
    assert LatencyHistogram().to_bytes() == b""
    assert LatencyHistogram().count == 0


@pytest.mark.parametrize(("time", "value"), [(0.0, SHORTEST), (-1.0, SHORTEST), (1e9, LONGEST)])
def test_latencies_out_of_range_count_as_the_nearest_limit(time, value):
    assert counted([time]).quantiles(1.0)[0] == pytest.approx(value, rel=2 * ACCURACY)
