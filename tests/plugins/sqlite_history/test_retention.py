"""Written history is read back, merged as requested, until it expires."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpstore.hooks import HistoryBatch, HistoryLocation
from mcpstore.models.latency import LatencyHistogram
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.monitoring.metrics import downsampled
from mcpstore_plugins.sqlite_history import database
from mcpstore_plugins.sqlite_history.database import SqliteHistory

from .conftest import DAY, NOW, asked, edge, sample


def figures(kept: MetricsSample) -> list[object]:
    """Return a sample, rounded as it is stored."""
    return [
        pytest.approx(value, rel=1e-3, abs=2e-3) if isinstance(value, float) else value
        for value in attrs.astuple(kept, recurse=False)
    ]


micro = st.integers(0, 5_000_000).map(lambda n: n / 1e6)
samples = st.builds(
    MetricsSample,
    service_name=st.sampled_from(["a", "b", "ä/ü"]),
    timestamp=st.integers(0, 20_000).map(lambda n: NOW + n),
    duration=st.integers(1, 60).map(float),
    connection_state=st.sampled_from(State),
    calls=st.integers(0, 5),
    failed_calls=st.integers(0, 5),
    avg_response_time=micro,
    p95=micro,
    max_response_time=micro,
    checks=st.integers(1, 5),
    response_time=st.none() | st.integers(0, 10**6).map(lambda n: n / 1e6),
    wanted=st.integers(0, 60).map(float),
    usable=st.integers(0, 60).map(float),
    cpu_percent=st.none() | st.integers(0, 400).map(float),
    memory_bytes=st.none() | st.integers(0, 2**50),
)


def timed(kept: MetricsSample, times: list[float]) -> MetricsSample:
    """Return a sample with call durations; older samples have none."""
    if not times:
        return kept
    took = LatencyHistogram()
    for seconds in times:
        took.add(seconds)
    return attrs.evolve(kept, calls=len(times), p95=max(times), max_response_time=max(times), durations=took.to_bytes())


def histories_of(some: st.SearchStrategy[MetricsSample]) -> st.SearchStrategy[list[MetricsSample]]:
    return st.lists(some, max_size=30, unique_by=lambda s: (s.service_name, s.timestamp))


quiet = samples.map(lambda s: attrs.evolve(s, calls=0, p95=0.0, max_response_time=0.0))
histories = histories_of(samples) | histories_of(st.builds(timed, quiet, st.lists(micro, max_size=9)))


def kept_calls(some: list[MetricsSample]) -> list[MetricsSample]:
    """Return a sample without the mean if it has no calls; such a mean is not stored."""
    return [s if s.calls else attrs.evolve(s, avg_response_time=0.0) for s in some]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(some=histories, step=st.sampled_from([0.0, 60.0, 1000.0, 3600.0, 7200.0]), size=st.integers(1, 5))
def test_samples_written_in_batches_are_read_merged_like_a_list(some, step, size, tmp_path_factory):
    # hours are merged while they are written, so samples must be in the order of time
    some = sorted(kept_calls(some), key=lambda s: s.timestamp)
    history = SqliteHistory(HistoryLocation(folder=tmp_path_factory.mktemp("history"), retention=7 * DAY))
    for begin in range(0, len(some), size):
        history.write(HistoryBatch(now=NOW, samples=some[begin : begin + size]))
    merged = history.samples(asked(step=step))
    history.close()
    expected = downsampled(sorted(some, key=lambda s: (s.service_name, s.timestamp)), step)
    assert [attrs.astuple(kept, recurse=False) for kept in merged] == [tuple(figures(s)) for s in expected]


@pytest.mark.parametrize("step", [900.0, 3600.0, 7200.0])
def test_percentiles_over_a_long_period_cover_all_calls(open_history, step):
    history = open_history()
    quick, slow = [0.010] * 99, [5.0]
    for number in range(20):
        calls = slow if number == 7 else quick
        history.write(HistoryBatch(now=NOW, samples=[timed(sample(NOW // 7200 * 7200 + 30.0 * number), calls)]))
    (one,) = history.samples(asked(step=step))
    assert one.calls == 19 * 99 + 1
    assert one.p95 == pytest.approx(0.010, rel=0.01)
    assert one.max_response_time == 5.0


def test_only_requested_samples_are_returned(open_history):
    history = open_history()
    history.write(HistoryBatch(now=NOW, samples=[sample(NOW + n * 30, name) for n in range(10) for name in "ab"]))
    times = [(s.service_name, s.timestamp - NOW) for s in history.samples(asked(NOW + 60, NOW + 120))]
    assert times == [("a", 90), ("a", 120), ("b", 90), ("b", 120)]
    assert {s.service_name for s in history.samples(asked(service="b"))} == {"b"}
    assert history.samples(asked(service="missing")) == []
    assert history.samples(asked(NOW + 5000)) == []


def test_edges_include_the_last_one_before_the_period(open_history):
    history = open_history()
    edges = [
        edge(NOW, state=State.INITIALIZING, begins=True),
        edge(NOW + 1, reason="x", error="broken"),
        edge(NOW + 1, state=State.UNHEALTHY),  # at the same time, in this order
        edge(NOW + 5, state=State.RECONNECTING),
        edge(NOW + 2, "other"),
    ]
    history.write(HistoryBatch(now=NOW, edges=edges))
    assert history.edges(asked(service="s")) == edges[:4]
    assert history.edges(asked(NOW + 3)) == [edges[4], edges[2], edges[3]]
    assert history.edges(asked(NOW + 1, service="s")) == edges[2:4]
    assert history.edges(asked(NOW - 10, NOW, "s")) == edges[:1]


def test_timestamps_of_edges_are_rounded_down(open_history):
    history = open_history()
    moments = [NOW + 0.123, NOW + 0.4567, NOW + 0.9999]
    history.write(HistoryBatch(now=NOW, edges=[edge(moment) for moment in moments]))
    assert [stored.timestamp for stored in history.edges(asked())] == [NOW + 0.123, NOW + 0.456, NOW + 0.999]


def test_expired_records_are_deleted_but_the_current_state_is_kept(open_history):
    history = open_history(retention=DAY)
    edges = [edge(NOW, begins=True), edge(NOW + 10, state=State.WARNING), edge(NOW, "short")]
    old = [sample(NOW + n * 600) for n in range(6)]
    history.write(HistoryBatch(now=NOW, samples=old, edges=edges))
    assert len(history.samples(asked())) == 6
    later = NOW + 3 * DAY
    history.write(HistoryBatch(now=later, samples=[sample(later)]))
    assert [s.timestamp for s in history.samples(asked())] == [later]
    assert [s.timestamp for s in history.samples(asked(step=3600.0))] == [later]
    assert history.edges(asked()) == [edges[1], edges[2]]


def test_names_of_removed_services_do_not_accumulate(open_history, monkeypatch):
    monkeypatch.setattr(database, "MAX_FORMER_SERVICES", 3)
    history = open_history(retention=DAY)
    for day in range(20):  # each day a new service, and one that always exists
        now = NOW + day * DAY
        edges = [edge(now, f"new{day:02}"), *([edge(now, "steady")] if day == 0 else [])]
        fresh = [sample(now, f"new{day:02}"), sample(now, "steady")]
        history.write(HistoryBatch(now=now, samples=fresh, edges=edges))
    names = ["new17", "new18", "new19", "steady"]
    assert [stored.service_name for stored in history.edges(asked())] == names
    assert sorted(history._names().values()) == names
    assert set(history._ids) <= set(names)


def test_history_survives_its_manager(open_history, tmp_path):
    open_history().write(HistoryBatch(now=NOW, samples=[sample(NOW)], edges=[edge(NOW)]))
    again = open_history()
    again.write(HistoryBatch(now=NOW, samples=[sample(NOW + 30)]))
    assert len(again.samples(asked())) == 2
    assert (tmp_path / "history.db").stat().st_mode & 0o777 == 0o600


def test_a_batch_that_is_written_twice_is_stored_once(open_history):
    history = open_history()
    for _ in range(2):
        history.write(HistoryBatch(now=NOW, samples=[sample(NOW, calls=3)]))
    assert [s.calls for s in history.samples(asked())] == [3]
