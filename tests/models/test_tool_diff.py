"""Differences between tool definitions: every relevant one is reported, no irrelevant one, and every one is visible."""

from __future__ import annotations

import copy
import json
import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpstore.models.redaction import redacted_json
from mcpstore.models.text import lookalikes_marked, visible
from mcpstore.models.tool_diff import MAX_LINE, MAX_LINES, _value, differences
from mcpstore.models.tool_fingerprint import MAX_KEPT, PINNED_FIELDS, fingerprint, fingerprint_fields

from .rug_pulls import HONEST, PULLS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False, width=16) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
SCHEMA = st.dictionaries(st.text(max_size=4), JSON, max_size=4)
DESCRIPTION = st.fixed_dictionaries(
    {"name": st.just("a")},
    optional={
        "title": st.text(max_size=9),
        "description": st.text(max_size=200),
        "inputSchema": SCHEMA,
        "outputSchema": SCHEMA,
        "annotations": SCHEMA,
        "_meta": SCHEMA,
    },
)


def shuffled(value: Any, dice: random.Random) -> Any:
    """Return a JSON value whose objects have their keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: shuffled(value[key], dice) for key in keys}
    return [shuffled(item, dice) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("pull", PULLS, ids=lambda pull: pull.name)
def test_every_rug_pull_is_detected_and_shown_visibly(pull):
    assert fingerprint(pull.before) != fingerprint(pull.after)
    shown = differences(pull.before, pull.after)
    assert len(shown) == 1
    assert pull.shown in shown[0]
    assert all(line.isprintable() for line in shown)


def test_there_are_enough_rug_pulls():
    assert len({pull.name for pull in PULLS}) == len(PULLS) >= 40


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_keys_is_irrelevant(seed):
    other = shuffled(HONEST, random.Random(seed))
    assert fingerprint(other) == fingerprint(HONEST)
    assert differences(HONEST, other) == ()


@given(DESCRIPTION, st.randoms(use_true_random=False))
def test_definitions_that_differ_only_in_order_are_equal(described, dice):
    other = json.loads(json.dumps(shuffled(described, dice)))
    assert fingerprint(other) == fingerprint(described)
    assert differences(described, other) == ()


@settings(max_examples=300)
@given(DESCRIPTION, DESCRIPTION)
def test_every_difference_is_reported_field_by_field(before, after):
    shown = differences(before, after)
    assert (shown == ()) is (fingerprint(before) == fingerprint(after))
    for field in PINNED_FIELDS:
        is_same = json.dumps(fingerprint_fields(before).get(field), sort_keys=True) == json.dumps(
            fingerprint_fields(after).get(field), sort_keys=True
        )
        if len(shown) <= MAX_LINES:
            assert any(line.startswith(field) for line in shown) is not is_same
    assert all(len(line) <= MAX_LINE and line.isprintable() for line in shown)


def test_a_null_field_equals_a_missing_one():
    assert fingerprint({"name": "a", "description": None}) == fingerprint({"name": "a"})


def test_fields_outside_the_fingerprint_may_change():
    assert fingerprint({**HONEST, "_meta": {"now": 1}, "icons": []}) == fingerprint(HONEST)


def test_one_and_true_are_not_the_same():
    ones = [{"inputSchema": {"default": value}} for value in (1, 1.0, True, "1")]
    assert len({fingerprint(one) for one in ones}) == 4


def test_only_the_change_and_its_context_are_shown_of_a_long_text():
    lines = [f"Line {number} of a long text that says what the tool does." for number in range(400)]
    before = {"description": "\n".join(lines)}
    lines[200] = "Line 200 of a long text that says what the tool steals."
    (shown,) = differences(before, {"description": "\n".join(lines)})
    assert shown == "description: … text that says what the tool [-does-]{+steals+}.⏎Line 201 of a long text that…"


def test_two_changes_far_from_each_other_are_both_shown():
    words = ["word"] * 250
    words[20], words[220] = "here", "there"
    before = " ".join(words)
    words[20], words[220] = "now", "then"
    (shown,) = differences({"description": before}, {"description": " ".join(words)})
    assert "[-here -]{+now +}" in shown
    assert "[-there -]{+then +}" in shown


def test_the_first_of_many_changes_are_shown_with_a_note_about_the_rest():
    before = {"inputSchema": {"properties": {f"p{number}": {"default": number} for number in range(100)}}}
    after = {"inputSchema": {"properties": {f"p{number}": {"default": -1} for number in range(100)}}}
    shown = differences(before, after)
    assert len(shown) == MAX_LINES + 1
    assert shown[-1] == "and more"


def test_very_large_definitions_are_distinguished_but_not_compared():
    text = "x" * MAX_KEPT
    assert fingerprint({"description": text}) != fingerprint({"description": text + "y"})
    (shown,) = differences({"description": text}, {"description": text + "y"})
    assert "too large" in shown
    assert "too large" in differences(None, {})[0]


def test_an_infinitely_nested_definition_is_different_and_causes_no_crash():
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert fingerprint({"inputSchema": deep}) == ""
    assert "too deeply" in differences({"inputSchema": deep}, {"inputSchema": deep})[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a b " * 8000, "b a " * 8000),
        ("ab" * 16_000, "ba" * 16_000),
        ("x\n" * 16_000, "x\n\n" * 10_000),
        (". " * 140, ", " * 70 + ". " * 70),
        ("".join(random.Random(1).choices("ab ", k=30_000)), "".join(random.Random(2).choices("ab ", k=30_000))),
    ],
)
def test_no_text_takes_long_to_compare(before, after):
    began = time.process_time()
    assert len(differences({"description": before}, {"description": after})) == 1
    assert time.process_time() - began < 1.0


def test_secrets_are_hidden_in_every_position():
    tool = {"description": "key hunter2!", "inputSchema": {"hunter2!": ["a", {"b": "hunter2!"}]}}
    before = copy.deepcopy(tool)
    shown = redacted_json(tool, lambda text: text.replace("hunter2!", "***"))
    assert "hunter2" not in json.dumps(shown)
    assert tool == before
    assert redacted_json(tool, str) is tool


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("für 日本 हिन्दी", "für 日本 हिन्दी"),
        ("a\nb", "a⏎b"),
        ("a\tb", "a<U+0009>b"),
        ("a\u2028b\u200fc\u00a0", "a<U+2028>b<U+200F>c<U+00A0>"),
        ("\ud800", "<U+D800>"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_invisible_characters_are_written_as_escapes(text, shown):
    assert visible(text) == shown


def test_lookalike_letters_are_shown_with_their_code_points():
    assert lookalikes_marked("not\u0435 für 日本") == "not\u0435<U+0435> für 日本"


@given(st.text())
def test_every_escaped_text_is_printable(text):
    assert visible(text).isprintable()


def test_removed_words_are_shown_as_removed():
    long = "Sends a mail to the people you name, after asking whether it may, and tells who got it. " * 3
    (shown,) = differences({"description": long}, {"description": long.replace("after asking whether it may, ", "", 1)})
    assert "[-after asking whether it may, -]" in shown
    assert "{+" not in shown


def test_secrets_in_lists_are_hidden_and_other_lists_are_not_changed():
    tool = {"inputSchema": {"required": ["a"], "examples": ["hunter2!", 7, None]}}
    shown = redacted_json(tool, lambda text: text.replace("hunter2!", "***"))
    assert shown == {"inputSchema": {"required": ["a"], "examples": ["***", 7, None]}}
    assert shown["inputSchema"]["required"] is tool["inputSchema"]["required"]


def test_values_that_are_not_json_are_not_shown():
    assert _value({1, 2}) == "a value that cannot be shown"
