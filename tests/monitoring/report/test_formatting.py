"""Formatting of figures for people."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.monitoring.report.formatting import (
    NO_VALUE,
    clean,
    duration,
    markdown_text,
    memory,
    milliseconds,
    percent,
    when,
)
from mcpstore.monitoring.report.scale import nice_top, time_ticks


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"), (4.24, "4.2 s"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3600, "1 h"),
        (3659, "1 h 1 min"), (7_200, "2 h"), (190_800, "2 d 5 h"),
    ],
)  # fmt: skip
def test_durations_are_formatted_in_the_two_largest_units(seconds, words):
    assert duration(seconds) == words


@given(st.floats(0, 1e9))
def test_no_duration_has_sixty_of_the_smaller_unit(seconds):
    assert not {"60 s", "60 min", "24 h"} & {
        " ".join(pair) for pair in zip(*[iter(duration(seconds).split())] * 2, strict=True)
    }


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, NO_VALUE),
        (0, "0 %"),
        (0.01, "< 0.1 %"),
        (50, "50.0 %"),
        (99.5, "99.50 %"),
        (99.999, "99.99 %"),
        (100, "100 %"),
    ],
)
def test_partial_percentages_are_never_rounded_to_0_or_100(share, words):
    assert percent(share) == words


def test_small_and_large_figures_keep_significant_digits():
    assert [milliseconds(value) for value in (None, 0, 0.0042, 0.042, 1.5)] == [
        NO_VALUE,
        NO_VALUE,
        "4.2 ms",
        "42 ms",
        "1.50 s",
    ]
    assert [memory(value) for value in (None, 63 * 2**20, 3 * 2**30)] == [NO_VALUE, "63 MiB", "3.0 GiB"]


def test_times_of_the_first_day_are_formatted_without_the_day():
    noon = datetime.fromisoformat("2026-03-01 12:00:00").timestamp()
    assert when(noon) == "2026-03-01 12:00:00"
    assert when(noon + 60, since=noon) == "12:01:00"
    assert when(noon + 86_400, since=noon) == "2026-03-02 12:00:00"


@given(st.text())
def test_cleaned_text_is_one_printable_line(text):
    kept = "\u200c\u200d"  # they join letters
    assert all(one.isprintable() or one.isspace() or one in kept for one in clean(text))
    assert "\n" not in clean(text)
    assert len(clean(text, longest=10)) <= 10


def test_text_in_other_scripts_is_not_changed():
    assert clean("数据库 café 👩\u200d🔬") == "数据库 café 👩\u200d🔬"


@given(st.text(alphabet="ab<|[]()`*_\\&#", max_size=30))
def test_markdown_text_keeps_its_words_and_loses_its_markup(text):
    markdown = markdown_text(text)
    assert "<" not in markdown
    plain = markdown.replace("&lt;", "<").replace("&amp;", "&")
    assert [c for c in plain if c in "ab"] == [c for c in text if c in "ab"]


@given(st.floats(1e-6, 1e9))
def test_an_axis_ends_at_a_round_number_not_far_above(value):
    assert 0.99 * value <= nice_top(value) <= 5.01 * value


@given(st.floats(1, 30 * 86_400))
def test_a_time_axis_has_few_ticks(span):
    begin = 1_700_000_000.0
    ticks = list(time_ticks(begin, begin + span, 6))
    assert len(ticks) <= 7
    assert all(begin <= moment <= begin + span for moment, _ in ticks)
    assert list(time_ticks(begin, begin, 6)) == []
