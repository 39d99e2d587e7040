"""Intervals tile time: availability from intervals equals a count of every second (invariant I20)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.state_history import StateEdge
from mcpstore.monitoring.metrics import AvailabilityCounter, clip_intervals, intervals, uptime_share

USABLE = (State.HEALTHY, State.WARNING)

# integer seconds, so that counting them one by one is exact
lives = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(State), st.booleans()),
    min_size=1, max_size=15,
)  # fmt: skip


def edges_of(life: list[tuple[int, State, bool]], start: float = 1000.0) -> list[StateEdge]:
    edges, now = [], 0
    for pause, state, wanted in life:
        now += pause
        edges.append(
            StateEdge(
                service_name="s", timestamp=start + now, monotonic=now, state=state, wanted=wanted, begins=not edges
            )
        )
    return edges


def counted(edges: list[StateEdge], until: float) -> tuple[int, int]:
    """Return wanted and usable seconds, counted one by one."""
    wanted = usable = 0
    for second in range(int(edges[0].timestamp), int(until)):
        edge = [edge for edge in edges if edge.timestamp <= second][-1]
        wanted += edge.wanted
        usable += edge.wanted and edge.state in USABLE
    return wanted, usable


@given(lives, st.integers(0, 60))
def test_availability_equals_a_count_of_every_second(life, later):
    edges = edges_of(life)
    until = edges[-1].timestamp + later
    wanted, usable = counted(edges, until)
    presence = AvailabilityCounter(edges[0].monotonic)
    for edge in edges:
        presence.begin_interval(edge.monotonic, wanted=edge.wanted, usable=edge.state in USABLE)
    end = edges[-1].monotonic + later
    assert presence.totals(end) == (wanted, usable)
    assert presence.availability(end) == pytest.approx(100.0 * usable / wanted if wanted else 100.0)
    share = uptime_share(intervals(edges, until))
    assert share == (None if not wanted else pytest.approx(100.0 * usable / wanted))


@given(lives, st.integers(0, 60), st.data())
def test_intervals_tile_any_requested_period(life, later, data):
    edges = edges_of(life)
    until = edges[-1].timestamp + later
    result = intervals(edges, until)
    for before, after in pairwise(result):
        assert before.until == after.since
    assert (result[0].since, result[-1].until) == (edges[0].timestamp, until)
    assert sum(interval.duration for interval in result) == pytest.approx(until - edges[0].timestamp)
    assert [interval.lasts for interval in result] == [False] * (len(result) - 1) + [True]
    begin = data.draw(st.integers(int(edges[0].timestamp), int(until)))
    end = data.draw(st.integers(begin, int(until)))
    part = clip_intervals(result, begin, end)
    for before, after in pairwise(part):
        assert before.until == after.since
    assert sum(interval.duration for interval in part) == pytest.approx(end - begin)


def test_a_state_of_zero_length_is_kept():
    edges = edges_of([(0, State.HEALTHY, True), (5, State.UNHEALTHY, True), (0, State.RECONNECTING, True)])
    assert [(i.state, i.duration) for i in intervals(edges, 1007.0)] == [
        (State.HEALTHY, 5),
        (State.UNHEALTHY, 0),
        (State.RECONNECTING, 2),
    ]


def again(edges: list[StateEdge], at: float, wanted: bool = True) -> list[StateEdge]:
    """A second manager starts with a new monotonic clock."""
    begun = StateEdge(
        service_name="s", timestamp=at, monotonic=3.0, state=State.INITIALIZING, wanted=wanted, begins=True
    )
    return [*edges, begun]


def test_the_state_between_two_managers_is_unknown():
    edges = again(edges_of([(0, State.INITIALIZING, True), (10, State.HEALTHY, True)]), 2000.0)
    asked = []

    def last_seen(since: float, until: float) -> float | None:
        asked.append((since, until))
        return 1500.0

    result = intervals(edges, 2001.0, last_seen=last_seen)
    assert asked == [(1010.0, 2000.0)]
    assert [(i.state, i.since, i.until, i.wanted, i.watched) for i in result] == [
        (State.INITIALIZING, 1000.0, 1010.0, True, True),
        (State.HEALTHY, 1010.0, 1500.0, True, True),
        (State.UNKNOWN, 1500.0, 2000.0, False, False),
        (State.INITIALIZING, 2000.0, 2001.0, True, True),
    ]
    assert uptime_share(result) == pytest.approx(100.0 * 490 / 501)
    blind = intervals(edges, 2001.0)
    assert [i.duration for i in blind] == [10, 0, 990, 1]


def test_a_stopped_service_stays_stopped_while_no_manager_runs():
    edges = again(edges_of([(0, State.HEALTHY, True), (10, State.DISCONNECTED, False)]), 2000.0)
    result = intervals(edges, 2001.0)
    assert [(i.state, i.duration, i.watched) for i in result][1] == (State.DISCONNECTED, 990, True)


def test_a_wall_clock_that_is_set_back_causes_no_negative_duration():
    edges = edges_of([(0, State.HEALTHY, True), (10, State.WARNING, True)])
    edges[1] = StateEdge(service_name="s", timestamp=900.0, monotonic=10.0, state=State.WARNING, wanted=True)
    result = intervals(edges, 905.0)
    assert result[0].duration == 10
    assert all(interval.duration >= 0 and interval.until >= interval.since for interval in result)
    assert intervals([], 5.0) == []
    assert uptime_share([]) is None
