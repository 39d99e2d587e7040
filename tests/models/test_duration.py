"""Durations as people write them."""

from __future__ import annotations

import re

import pytest

from mcpstore.models.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("0.5", 0.5),
        ("90s", 90.0),
        ("15m", 900.0),
        ("15min", 900.0),
        ("2h", 7200.0),
        ("1.5h", 5400.0),
        ("1d", 86_400.0),
        ("2w", 1_209_600.0),
        ("1h30m", 5400.0),
        ("1d 12h", 129_600.0),
        ("  2 H ", 7200.0),
    ],
)
def test_a_duration_is_a_number_of_seconds_or_numbers_with_units(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "-5", "-5m", "m", "1y", "1h 30", "1:30", "PT5M", "1e3", "nan", "inf", "٣m", "9" * 400]
)
def test_an_invalid_duration_is_refused_with_examples(text):
    with pytest.raises(ValueError, match=re.escape(f"must be a duration such as 90s, 15m, 1h30m or 7d (got {text!r})")):
        parse_duration(text)


def test_a_number_without_a_unit_is_refused_where_it_could_be_a_year():
    assert parse_duration("24h", needs_unit=True) == 86_400.0
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration("2026", needs_unit=True)
