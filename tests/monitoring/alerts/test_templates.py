"""Messages are filled with fields, and with nothing else; an odd template is told as well as can be."""

from __future__ import annotations

import pytest

from mcpstore.models.alert import AlertLevel
from mcpstore.monitoring.alerts import span, worded


class Secret:
    password = "hunter2"

    def __str__(self) -> str:
        return "secret"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{name} is at {rate:.2%}", "a is at 12.30%"),
        ("{rate:.1f}|{rate}|{name:>4}", "0.1|0.123|   a"),
        ("{level}", "error"),
        ("{nothing} {nothing:.2f}", "unknown unknown"),
        ("{many}", "one; two"),
        ("{{name}}", "{name}"),
        ("{unknown} {unknown:.2f}", "{unknown} {unknown:.2f}"),
        ("{thing}", "secret"),
        ("{thing.password}", "{thing.password}"),
        ("{thing.__class__.__mro__}", "{thing.__class__.__mro__}"),
        ("{many[0]}", "{many[0]}"),
        ("{name!r}", "a"),
        ("{name:.2f}", "a"),
        ("{rate:>999999999}", "0.123"),
        ("{rate:{name}}", "0.123"),
        ("{name", "{name"),
        ("name}", "name}"),
        ("{}", "{}"),
        ("{0}", "{0}"),
        ("a\x1b[2Jb\nc", "a[2Jb\nc"),
    ],
)
def test_a_template_is_filled_and_never_raises(template, expected):
    values = {
        "name": "a", "rate": 0.123, "level": AlertLevel.ERROR, "nothing": None, "many": ["one", "two"],
        "thing": Secret(),
    }  # fmt: skip

    assert worded(template, values) == expected


def test_a_long_message_is_cut():
    assert len(worded("{name}", {"name": "a" * 5000})) == 2000


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0 s"), (45, "45 s"), (240, "4 min"), (3 * 3600, "3.0 h"), (5 * 86400, "5.0 days")],
)
def test_durations_are_told_as_people_say_them(seconds, expected):
    assert span(seconds) == expected
