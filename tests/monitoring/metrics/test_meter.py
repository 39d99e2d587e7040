"""Metrics of one service, and merging of its samples."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.latency import LatencyHistogram
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.monitoring.metrics import (
    ServiceMeter,
    Usage,
    decode_sample,
    downsampled,
    encode_sample,
    merge_samples,
    step_for,
)
from mcpstore.monitoring.metrics.meter import MAX_CHANGES, MAX_ERROR_LENGTH, MAX_TOOLS


def call(meter: ServiceMeter, tool: str = "t", duration: float = 0.1, at: float = 1.0, **how: object) -> None:
    meter.record_call(tool, duration, at, 1000.0 + at, **{"error": None, "slow": False, **how})  # type: ignore[arg-type]


def test_calls_are_counted_by_service_and_by_tool():
    meter = ServiceMeter(0.0)
    call(meter, "a", 0.1)
    call(meter, "a", 0.3, 2.0, error="no", slow=True)
    call(meter, "b", 0.2, 3.0)
    assert (meter.total_calls, meter.failed_calls, meter.slow_calls) == (3, 1, 1)
    assert (meter.last_activity, meter.last_error) == (1003.0, "no")
    first, second = meter.tools()
    assert (first.name, first.total_calls, first.failed_calls, first.slow_calls) == ("a", 2, 1, 1)
    assert (first.error_rate, first.last_error, first.last_activity) == (0.5, "no", 1002.0)
    assert (first.avg_response_time, first.p50, first.p99) == pytest.approx((0.2, 0.1, 0.3))
    assert (second.name, second.total_calls, second.last_error) == ("b", 1, None)
    call(meter, "b", 0.4, 4.0)
    assert meter.tools()[0] is first
    assert (meter.tools()[1].total_calls, meter.tools()[1].avg_response_time) == (2, pytest.approx(0.3))


def test_every_collection_has_a_limit():
    meter = ServiceMeter(0.0)
    for number in range(MAX_TOOLS + 10):
        call(meter, f"tool{number:03}", at=float(number), error="x" * 10_000)
    assert len(meter.tools()) == MAX_TOOLS
    assert meter.tools()[0].name == "tool010"
    assert len(meter.last_error or "") == MAX_ERROR_LENGTH
    for _ in range(MAX_CHANGES + 10):
        meter.record_change(1.0, None)
    assert meter.changes(1.0) == MAX_CHANGES


def test_changes_are_counted_for_ten_minutes():
    meter = ServiceMeter(0.0)
    for at in (0.0, 100.0, 600.0):
        meter.record_change(at, "it broke")
    assert meter.changes(600.0) == 2
    assert meter.changes(699.9) == 2
    assert meter.changes(700.0) == 1
    assert meter.changes(5000.0) == 0
    assert meter.last_error == "it broke"


def test_requested_transitions_and_their_consequences_are_not_counted_as_changes():
    meter = ServiceMeter(0.0)
    for asked_for in (True, False, True, False):  # restarted and healthy, twice
        meter.record_change(1.0, None, asked_for=asked_for)
    assert meter.changes(1.0) == 0
    meter.record_change(2.0, None)
    assert meter.changes(2.0) == 1


def test_only_lost_and_reopened_connections_are_restarts():
    meter = ServiceMeter(0.0)

    def move(live: bool, wanted: bool = True, asked_for: bool = False) -> None:
        meter.record_transition(1.0, wanted=wanted, usable=live, live=live, asked_for=asked_for)

    move(True)
    move(False, asked_for=True)  # a requested restart
    move(True)
    move(False, wanted=False)  # a requested stop
    move(True)
    assert meter.restarts == 0
    move(False)
    move(False)
    assert meter.restarts == 0
    move(True)
    assert meter.restarts == 1


def test_a_sample_covers_the_time_since_the_previous_one():
    meter = ServiceMeter(100.0)
    meter.record_transition(100.0, wanted=True, usable=False, live=False, asked_for=True)
    meter.record_transition(110.0, wanted=True, usable=True, live=True, asked_for=False)
    call(meter, duration=0.5, at=111.0, error="no")
    meter.record_check(0.02, answered=True, error=None)
    meter.record_check(0.04, answered=True, error=None)
    meter.record_check(9.0, answered=False, error="silence")
    meter.record_check(9.0, answered=None, error="busy")
    meter.record_usage(Usage(cpu_percent=3.0, memory_bytes=10, processes=2))
    look = meter.sample("s", State.HEALTHY, 130.0, 5000.0, keep=True)
    sample = meter.sample("s", State.HEALTHY, 130.0, 5000.0)
    assert look == sample
    assert (sample.duration, sample.wanted, sample.usable) == (30.0, 30.0, 20.0)
    assert (sample.calls, sample.failed_calls, sample.p95, sample.max_response_time) == (1, 1, 0.5, 0.5)
    assert LatencyHistogram(sample.durations).quantiles(0.5) == pytest.approx([0.5], rel=0.01)
    assert (sample.checks, sample.failed_checks, sample.response_time) == (4, 1, pytest.approx(0.03))
    assert (sample.cpu_percent, sample.memory_bytes, meter.last_error) == (3.0, 10, "busy")
    meter.record_usage(None)
    after = meter.sample("s", State.WARNING, 160.0, 5030.0)
    assert (after.calls, after.checks, after.response_time, after.cpu_percent) == (0, 0, None, None)
    assert (after.duration, after.usable, after.connection_state) == (30.0, 30.0, State.WARNING)


samples = st.builds(
    MetricsSample,
    service_name=st.just("s"),
    timestamp=st.integers(1, 100_000).map(float),
    duration=st.integers(1, 60).map(float),
    connection_state=st.sampled_from(State),
    calls=st.integers(0, 5),
    avg_response_time=st.floats(0, 10),
    p95=st.floats(0, 10),
    max_response_time=st.floats(0, 10),
    checks=st.integers(1, 5),
    response_time=st.none() | st.floats(0, 1000),
    wanted=st.floats(0, 60),
    usable=st.floats(0, 60),
    cpu_percent=st.none() | st.floats(0, 400),
    memory_bytes=st.none() | st.integers(0, 2**40),
)
history = st.lists(samples, min_size=1, max_size=40).map(lambda some: sorted(some, key=lambda s: s.timestamp))


@given(history, st.integers(1, 20_000))
def test_merging_loses_no_call_and_no_second(some, step):
    few = downsampled(some, step)
    assert sum(s.calls for s in few) == sum(s.calls for s in some)
    assert sum(s.wanted for s in few) == pytest.approx(sum(s.wanted for s in some))
    spent = sum(s.calls * s.avg_response_time for s in some)
    assert sum(s.calls * s.avg_response_time for s in few) == pytest.approx(spent)
    assert max(s.p95 for s in few) == max(s.p95 for s in some)
    assert len({s.timestamp // step for s in few}) == len(few)
    assert few[-1].connection_state is some[-1].connection_state


@given(history)
def test_means_are_weighted_and_unknown_values_are_left_out(some):
    one = merge_samples(some)
    known = [s for s in some if s.cpu_percent is not None]
    if known:
        span = sum(s.duration for s in known)
        assert one.cpu_percent == pytest.approx(sum(s.cpu_percent * s.duration for s in known) / span)
    else:
        assert one.cpu_percent is None
    assert (one.response_time is None) == all(s.response_time is None for s in some)
    assert one.memory_bytes == max((s.memory_bytes for s in some if s.memory_bytes is not None), default=None)


@given(samples)
def test_a_sample_survives_packing(sample):
    assert decode_sample(encode_sample(sample), "s") == sample
    assert len(encode_sample(sample)) < 120


@given(st.integers(0, 10**9), st.integers(0, 10**8), st.integers(1, 2000))
def test_the_limit_on_samples_holds_and_long_steps_are_full_hours(since, span, limit):
    step = step_for(float(since), float(since + span), limit)
    assert step > 0
    assert (since + span) // step - (since + 1) // step + 1 <= max(limit, 1)
    assert step < 900 or step % 3600 == 0
    assert step_for(float(since), float(since + span), None) == 0.0


def test_without_a_step_samples_are_not_changed():
    sample = MetricsSample(service_name="s", timestamp=1.0, duration=1.0, connection_state=State.HEALTHY)
    other = attrs.evolve(sample, service_name="t")
    assert downsampled([sample, sample], 0) == [sample, sample]
    assert downsampled([sample, other], 100) == [sample, other]
