"""Building a report from recorded history."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.latency import LatencyHistogram
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.service import ServiceStatus
from mcpstore.monitoring.report import summary
from mcpstore.monitoring.report.state_bands import bar

from .invented_history import BEGIN, HOUR, life, report, sample, stretches


def test_availability_counts_only_the_time_in_which_the_service_was_enabled():
    states = stretches((State.HEALTHY, 900), (State.RECONNECTING, 300), (State.DISCONNECTED, 2400, False))
    service = life(states=states)
    assert service.availability == pytest.approx(75)
    assert service.time_in == {"healthy": 900, "reconnecting": 300, "stopped": 2400}


def test_a_service_that_was_never_enabled_has_no_availability():
    assert life(states=stretches((State.DISCONNECTED, HOUR, False))).availability is None


def test_intervals_are_cut_at_the_limits_of_the_period():
    states = stretches((State.RECONNECTING, HOUR), (State.HEALTHY, 3 * HOUR), begin=BEGIN - HOUR / 2)
    service = life(states=states)
    assert service.time_in == {"reconnecting": HOUR / 2, "healthy": HOUR / 2}
    assert sum(interval.duration for interval in service.states) == HOUR


def test_an_incident_lasts_from_loss_to_recovery():
    states = stretches(
        (State.INITIALIZING, 10), (State.HEALTHY, 600), (State.UNHEALTHY, 10), (State.RECONNECTING, 60),
        (State.DISCONNECTED, 60), (State.RECONNECTING, 20), (State.HEALTHY, 100), (State.UNHEALTHY, 2740),
    )  # fmt: skip
    first, second = life(states=states).incidents
    assert (first.begin, first.duration) == (BEGIN + 610, 150)
    assert first.states == (State.UNHEALTHY, State.RECONNECTING, State.DISCONNECTED)
    assert first.end == BEGIN + 760
    assert second.end is None


def test_a_start_is_not_an_incident_and_a_stop_ends_one():
    assert life(states=stretches((State.INITIALIZING, HOUR))).incidents == ()
    states = stretches((State.HEALTHY, 60), (State.RECONNECTING, 60), (State.DISCONNECTED, 60, False))
    (incident,) = life(states=states).incidents
    assert incident.end == BEGIN + 120


def test_time_without_a_manager_splits_incidents_and_counts_for_no_state():
    before = stretches((State.RECONNECTING, 60))
    between = attrs.evolve(*stretches((State.UNKNOWN, 940, False), begin=BEGIN + 60), watched=False)
    after = stretches((State.RECONNECTING, 60), begin=BEGIN + 1000)
    service = life(states=[*before, between, *after])
    assert len(service.incidents) == 2
    assert service.time_in == {"reconnecting": 120}
    assert bar(service.states, BEGIN, BEGIN + 1060, 10) == "░        ░"


def test_an_incident_has_the_last_error():
    states = stretches((State.UNHEALTHY, 5), (State.RECONNECTING, 60), error="exited with code 3")
    assert [incident.error for incident in life(states=states).incidents] == ["exited with code 3"]


def test_a_requested_restart_counts_neither_as_an_incident_nor_as_a_restart():
    well, asked, well_again = stretches((State.HEALTHY, 60), (State.RECONNECTING, 5), (State.HEALTHY, 60))
    asked = attrs.evolve(asked, reason="operator")
    service = life(states=[well, asked, well_again])
    assert (service.incidents, service.restarts) == ((), 0)
    assert service.availability < 100
    (failed,) = stretches((State.RECONNECTING, 30), begin=asked.until)
    (incident,) = life(states=[well, asked, failed]).incidents  # from the time of the failure on
    assert (incident.begin, incident.end) == (asked.until, None)


def test_a_requested_start_ends_an_incident_only_when_the_service_is_healthy():
    states = stretches((State.HEALTHY, 60), (State.RECONNECTING, 60), (State.RECONNECTING, 5), (State.HEALTHY, 60))
    states[2] = attrs.evolve(states[2], reason="operator")
    service = life(states=states)
    (incident,) = service.incidents
    assert (incident.duration, service.restarts) == (65, 1)


def test_a_restart_is_a_lost_and_reopened_connection():
    states = stretches(
        (State.RECONNECTING, 60), (State.HEALTHY, 60), (State.UNHEALTHY, 60), (State.HEALTHY, 60),
        (State.UNHEALTHY, 5), (State.RECONNECTING, 60), (State.WARNING, 60), (State.DISCONNECTED, 60, False),
        (State.INITIALIZING, 5), (State.HEALTHY, 60),
    )  # fmt: skip
    assert life(states=states).restarts == 1


def test_calls_are_summed_and_the_mean_latency_is_weighted():
    samples = [
        sample(30, calls=1, avg_response_time=4.0, p95=4.0, max_response_time=4.0),
        sample(60, calls=3, failed_calls=1, avg_response_time=0.0, p95=0.1, max_response_time=0.2),
        sample(90),
    ]
    service = life(samples=samples)
    assert (service.calls, service.failed_calls, service.mean, service.worst, service.error_rate) == (
        4,
        1,
        1.0,
        4.0,
        25.0,
    )


RECENT = ServiceMetrics(
    service_name="a", status=ServiceStatus.RUNNING, connection_state=State.HEALTHY, p50=2.0, p95=2.0, p99=2.0
)


def took(*seconds):
    whole = LatencyHistogram()
    for each in seconds:
        whole.add(each)
    return {
        "calls": len(seconds), "p95": max(seconds), "max_response_time": max(seconds), "durations": whole.to_bytes()
    }  # fmt: skip


def test_percentiles_cover_the_entire_period_and_not_only_its_last_minutes():
    samples = [sample(60.0 * n, **took(*[0.010] * 60)) for n in range(58)]
    samples += [sample(3510, **took(*[2.0] * 20)), sample(3540)]
    service = life(samples=samples, metrics=RECENT)
    assert (service.p50, service.p95, service.p99) == tuple(pytest.approx(0.010, rel=0.01) for _ in range(3))
    assert service.worst == 2.0
    assert service.buckets[-1].p95 is None
    assert max(b.p95 for b in service.buckets if b.p95) == 2.0
    assert summary.cells(service)[6:9] == ["9.9 ms"] * 3


def test_unknown_percentiles_are_not_estimated():
    service = life(samples=[sample(30, **took(0.1)), sample(60, calls=3, p95=0.2, max_response_time=0.2)])
    assert (service.p50, service.p95, service.p99) == (None, None, None)
    assert service.worst == 0.2


def test_without_calls_there_are_no_call_figures():
    service = life(samples=[sample(30, response_time=0.004)])
    assert (service.mean, service.worst, service.error_rate) == (None, None, None)
    assert [b.response_time for b in service.buckets if b.response_time is not None] == [0.004]


@given(
    st.lists(st.tuples(st.sampled_from(State), st.floats(0, 4000), st.booleans()), max_size=20),
    st.lists(st.tuples(st.floats(1, HOUR), st.integers(0, 5)), max_size=30),
)
def test_buckets_lose_no_call_and_count_none_twice(states, samples):
    service = life(states=stretches(*states), samples=[sample(after, calls=calls) for after, calls in samples])
    assert sum(bucket.calls for bucket in service.buckets) == sum(calls for _, calls in samples) == service.calls
    size = HOUR / len(service.buckets)
    shares = [bucket.availability for bucket in service.buckets if bucket.availability is not None]
    assert all(-1e-6 <= share <= 100 + 1e-6 for share in shares)
    if (
        service.availability is not None
        and len(shares) == len(service.buckets)
        and sum(service.time_in.values()) == HOUR
    ):
        assert size * sum(shares) / HOUR == pytest.approx(service.availability, abs=0.5)


def test_the_figures_of_a_fleet_are_those_of_its_services():
    well = life("a", stretches((State.HEALTHY, HOUR)), samples=[sample(30, calls=9)])
    half = life(
        "b",
        stretches((State.HEALTHY, HOUR / 2), (State.RECONNECTING, HOUR / 2)),
        samples=[sample(30, calls=1, failed_calls=1)],
    )
    idle = life("c", stretches((State.DISCONNECTED, HOUR, False)))
    fleet = report(well, half, idle)
    assert (fleet.availability, fleet.calls, fleet.error_rate, fleet.incidents) == (75, 10, 10, 1)
