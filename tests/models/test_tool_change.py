"""A changed tool, as people are shown it."""

from __future__ import annotations

from datetime import datetime

from mcpstore.models.tool_change import MAX_SUMMARY, ToolChange


def change(*difference):
    return ToolChange(
        name="send", service="mail", is_new=False, withheld=True, since=datetime(2026, 1, 1), difference=difference  # noqa: DTZ001
    )  # fmt: skip


def test_a_changed_tool_has_its_unambiguous_name():
    assert change().full_name == "mail/send"


def test_a_summary_is_one_short_line():
    assert change("a was 'x' and is 'y'", "b is gone").summary == "a was 'x' and is 'y'; b is gone"
    long = change("x" * 1000).summary
    assert len(long) == MAX_SUMMARY
    assert long.endswith("…")
