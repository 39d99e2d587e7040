"""The cells of `mcpstore top`, and the history behind them."""

from __future__ import annotations

from mcpstore.cli.top.cells import COLOURS, sparkline, state_band
from mcpstore.cli.top.fleet import HISTORY_LENGTH, Fleet
from mcpstore.monitoring.report.state_bands import KINDS

from .conftest import NOW, FakeSource


def take(fleet: Fleet, source: FakeSource) -> None:
    answer = {"now": source.now, "location": "x", "alerts": [], "services": list(source.services.values())}
    fleet.update(answer)


def state(name: str, since: float, until: float, **fields: bool) -> dict:
    return {"state": name, "since": since, "until": until, "wanted": True, "watched": True, **fields}


def test_states_from_several_answers_are_joined_and_old_ones_dropped(source):
    fleet = Fleet()
    source.add("a", states=[state("healthy", NOW - 900, NOW - 700), state("warning", NOW - 700, NOW)])
    take(fleet, source)
    assert [interval.state for interval in fleet.rows["a"].states] == ["warning"]
    source.now += 10
    source.services["a"]["states"] = [state("warning", NOW, NOW + 5), state("healthy", NOW + 5, NOW + 10)]
    take(fleet, source)
    assert [(i.state, i.duration) for i in fleet.rows["a"].states] == [("warning", 705), ("healthy", 5)]
    source.now += HISTORY_LENGTH
    source.services["a"]["states"] = [state("healthy", NOW + 10, source.now)]
    take(fleet, source)
    assert [interval.state for interval in fleet.rows["a"].states] == ["healthy"]


def test_durations_older_than_the_window_are_dropped(source):
    fleet = Fleet()
    for number in range(100):
        source.now = NOW + 30 * number
        source.add("a", durations=[[source.now, 0.1]])
        take(fleet, source)
    assert len(fleet.rows["a"].durations) == HISTORY_LENGTH / 30


def test_the_history_of_a_removed_service_is_dropped(source):
    fleet = Fleet()
    source.add("a")
    take(fleet, source)
    source.services.clear()
    take(fleet, source)
    assert fleet.rows == {}


def test_a_state_band_scrolls_only_when_a_cell_is_full(source):
    fleet = Fleet()
    source.add("a", states=[state("healthy", NOW - 300, NOW - 31), state("reconnecting", NOW - 31, NOW)])
    take(fleet, source)
    row = fleet.rows["a"]
    text = state_band(row, NOW)
    assert len(text) == 20
    assert str(text).startswith(" " * 9)
    styles = [span.style for span in text.spans if span.style]
    assert styles[0] == COLOURS["healthy"]
    assert COLOURS["reconnecting"] in styles
    assert state_band(row, NOW + 1) == text


def test_a_sparkline_shows_the_newest_values_and_is_empty_without_values():
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"
    assert sparkline([9.0] + [1.0] * 16) == "█" * 16
    assert sparkline([]) == sparkline([0.0]) == ""


def test_every_state_and_status_has_a_colour():
    assert set(COLOURS) == set(KINDS)
