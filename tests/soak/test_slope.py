"""The verdicts on growth claim no more than the data support."""

from __future__ import annotations

import math
import random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .figures import Figures, Ring
from .slope import percentile, slope, student
from .verdict import rows

QUIET = Figures(rss=100.0, files=80, tasks=40, threads=10, children=8, zombies=0, marked=8, state=1.0)


def judged(calms: list[Figures], *, hours: float = 1.0):
    """Return the rows of a run with equally spaced calm phases, by the name of their figure."""
    times = [hours * (n + 1) / len(calms) for n in range(len(calms))]
    created = rows(list(zip(times, calms, strict=True)), [0.001] * 1000, [0.001] * 1000, hours)
    return {row.what: row for row in created}


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(4, 50))
def test_a_straight_line_has_its_slope_and_no_margin(start, growth, points):
    result = slope(range(points), [start + growth * n for n in range(points)])
    assert result is not None
    assert math.isclose(result.value, growth, rel_tol=1e-6, abs_tol=1e-6)
    assert result.margin < 1e-3


def test_too_few_points_give_no_verdict():
    assert slope([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) is None
    assert slope([1.0] * 9, list(range(9))) is None


@pytest.mark.parametrize(("freedom", "exact"), [(2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (100, 1.984)])
def test_margins_of_few_points_are_wide_enough(freedom, exact):
    assert student(freedom) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize("memory", [0.0, 0.7])
def test_the_true_slope_lies_within_the_margin_as_often_as_promised(memory):
    dice = random.Random(1)
    within = 0
    for _ in range(300):
        noise, values = 0.0, []
        for n in range(60):
            noise = memory * noise + dice.gauss(0, 1)
            values.append(0.5 * n + noise)
        result = slope(range(60), values)
        within += result.low <= 0.5 <= result.high
    assert within > 0.85 * 300


def test_noisy_memory_is_not_reported_as_steady():
    short = judged([attrs.evolve(QUIET, rss=100 + n % 3) for n in range(8)], hours=0.1)["memory, MiB"]
    assert short.is_met is None
    assert "unknown after 6 min" in short.note
    long = judged([attrs.evolve(QUIET, rss=100 + n % 3) for n in range(800)], hours=24)["memory, MiB"]
    assert long.is_met is True


def test_growing_memory_misses_the_target_unless_buffers_still_fill():
    growing = [attrs.evolve(QUIET, rss=100 + n % 3 + n) for n in range(40)]
    assert judged(growing)["memory, MiB"].is_met is False
    short = judged(growing, hours=0.5)["memory, MiB"]
    assert short.is_met is None
    assert "fill" in short.note


def test_a_constant_count_meets_the_target_and_a_growing_count_misses_it():
    steady = judged([QUIET] * 8)
    assert all(steady[what].is_met for what in ("open files", "tasks", "threads", "zombies"))
    leaking = judged([attrs.evolve(QUIET, files=80 + n) for n in range(8)])
    assert leaking["open files"].is_met is False
    assert leaking["tasks"].is_met is True


def test_a_zombie_in_a_calm_phase_misses_the_target():
    assert judged([QUIET] * 7 + [attrs.evolve(QUIET, zombies=1)])["zombies"].is_met is False


def test_the_warm_up_is_not_judged():
    warming = [attrs.evolve(QUIET, files=10 * n) for n in range(1, 4)]
    assert judged([*warming, *[QUIET] * 10])["open files"].is_met is True


@pytest.mark.parametrize(
    ("latencies", "without", "met"),
    [
        ([0.001] * 1000, [0.001] * 1000, True),
        ([0.03] * 1000, [0.03] * 1000, False),
        ([0.03] * 1000, [0.01] * 1000, None),  # other programs used the CPUs
        ([0.001] * 50, [0.001] * 50, None),
        ([], [], None),
    ],
)
def test_a_percentile_is_judged_only_if_its_bounds_allow_it(latencies, without, met):
    created = list(rows([(1.0, QUIET)], latencies, without, 1.0))[-1]
    assert created.is_met is met


def test_the_newest_of_many_numbers_are_kept():
    ring = Ring(3)
    assert list(ring) == []
    for number in range(5):
        ring.add(number)
    assert sorted(ring) == [2, 3, 4]
    assert len(ring) == 3


def test_the_bounds_of_a_percentile_contain_it():
    dice = random.Random(2)
    held = sum(
        low <= 0.99 <= high
        for low, high in (percentile([dice.random() for _ in range(2000)], 0.99)[1:] for _ in range(200))
    )
    assert held > 180
