"""Editing hand-written JSON files in place."""

from __future__ import annotations

import math

import pytest

from mcpstore.errors import ConfigConflict, ConfigError, ConfigSyntaxError
from mcpstore.hooks import ANYTHING, MISSING, Edit
from mcpstore_plugins.mcp_json.content import content_of, edited

from .specimens import NEW, SPECIMENS


def edit(text: str, *edits: Edit | tuple) -> str:
    wanted = [one if isinstance(one, Edit) else Edit(path=one[0], value=one[1]) for one in edits]
    raw, content = edited(text.encode(), wanted, "mcp.json", "mcp.json")
    assert raw is not None
    assert content_of(raw, "mcp.json", "mcp.json").data == content.data
    return raw.decode()


def add(text: str, *path: str | int, value: object = NEW) -> str:
    return edit(text, (path, value))


def remove(text: str, *path: str | int) -> str:
    return edit(text, (path, MISSING))


@pytest.mark.parametrize("name", SPECIMENS)
def test_edits_by_hand(name):
    before, path, value, after = SPECIMENS[name]
    assert edit(before, (path, value)) == after


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"a": 1}',
        '{"a":1,"b":2}',
        '{ "a": 1 }',
        '{\n  "a": 1\n}',
        '{\n\t"a": 1, // x\n\t// y\n}\n',
        '{\r\n "a": 1,\r\n}\r\n',
        "{ // x\n}",
        "{ /* x */ }",
        '// top\n{"a": [1]} // end\n',
        '\ufeff{"a": 1}',
    ],
)
def test_an_added_value_can_be_removed_without_a_trace(text):
    assert remove(add(text, "new"), "new") == text


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_the_encoding_stays(codec):
    mark = "" if codec == "utf-8-sig" else "\ufeff"
    raw, _ = edited((mark + '{"a": "é"}').encode(codec), [Edit(path=("a",), value="Ω")], "f.json", "f.json")
    assert raw == (mark + '{"a": "Ω"}').encode(codec)


def test_an_edit_that_changes_nothing_leaves_every_byte():
    text = '{ "a" : {"b": 1.0 , "c":[true]}, }  // x'
    assert edit(text, (("a",), {"c": [True], "b": 1}), (("z",), MISSING), (("a", "y", "x"), MISSING)) == text


def test_true_differs_from_one_and_null_from_absence():
    assert edit('{"a": 1, "b": [0]}', (("a",), True), (("b",), [False])) == '{"a": true, "b": [false]}'
    assert edit('{"a": null}', (("b",), None)) == '{"a": null, "b": null}'


def test_an_existing_nan_is_accepted_and_a_new_one_is_refused():
    assert edit('{"a": NaN}', (("b",), 1)) == '{"a": NaN, "b": 1}'
    assert edit('{"a": NaN, "b": 2}', (("a",), math.nan), (("b",), 1)) == '{"a": NaN, "b": 1}'
    with pytest.raises(ConfigError, match="no NaN and no infinite numbers; write null"):
        edit('{"a": 1}', (("b",), [math.inf]))


def test_each_edit_is_applied_to_the_result_of_the_previous_one():
    text = edit('{"a": 1}', (("b",), {"c": 1}), (("b", "d"), 2), (("b", "c"), MISSING), (("a",), MISSING))
    assert text == '{"b": {"d": 2}}'


def test_an_inserted_value_object_is_not_changed_by_later_edits():
    value = {"c": 1}
    edit("{}", (("b",), value), (("b", "c"), MISSING))
    assert value == {"c": 1}


def test_a_service_is_renamed_by_removing_and_adding_it():
    text = '{\n  "mcpServers": {\n    "a": {\n      "x": 1\n    }\n  }\n}'
    renamed = edit(
        text,
        Edit(path=("mcpServers", "a"), value=MISSING, expect={"x": 1}),
        Edit(path=("mcpServers", "b"), value={"x": 1}, expect=MISSING),
    )
    assert renamed == text.replace('"a"', '"b"')


@pytest.mark.parametrize(
    ("expect", "value"),
    [
        ({"command": "other"}, 1),
        (MISSING, 1),
        ({"command": "x", "more": 1}, MISSING),
        (None, 1),
        ({"command": True}, 1),
    ],
)
def test_an_unexpected_value_is_a_conflict_that_names_the_service(expect, value):
    with pytest.raises(ConfigConflict) as caught:
        edit('{"m": {"a": {"command": "x"}}}', Edit(path=("m", "a"), value=value, expect=expect, entry="a"))
    assert caught.value.entry == "a"
    assert "mcp.json" in str(caught.value)


def test_a_conflict_without_a_service_names_the_field():
    with pytest.raises(ConfigConflict) as caught:
        edit('{"m": 1}', Edit(path=("m",), value=2, expect=3))
    assert caught.value.entry == "m"
    with pytest.raises(ConfigConflict) as caught:
        edit('{"m": 1}', Edit(path=(), value={}, expect={}, entry=""))
    assert caught.value.entry == ""


def test_expectations_that_hold_cause_no_conflict():
    edits = [
        Edit(path=("a",), value=2, expect=1),
        Edit(path=("b",), value={"x": (1, 2)}, expect=MISSING),
        Edit(path=("c",), value=MISSING, expect={"y": [1.0]}),
        Edit(path=("d",), value=1, expect=ANYTHING),
    ]
    assert edit('{"a": 1, "c": {"y": [1]}}', *edits) == '{"a": 2, "b": {"x": [1, 2]}, "d": 1}'


def test_an_edit_that_is_already_done_is_no_conflict():
    text = '{"a": {"x": 1}}'
    assert edit(text, Edit(path=("a",), value={"x": 1}, expect=MISSING)) == text
    assert edit(text, Edit(path=("b",), value=MISSING, expect={"x": 1})) == text


def test_one_conflict_refuses_all_edits():
    with pytest.raises(ConfigConflict):
        edit('{"a": 1}', Edit(path=("b",), value=1), Edit(path=("a",), value=1.5, expect=2))


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (("a", "b"), 1, "'a' is not an object"),
        (("b", "x"), 1, "'b' is not an object"),
        (("c", 0), 1, "'c' is not an array"),
        ((0,), 1, "'the document' is not an array"),
        (("b", 3), 1, "past the end of the array; append at its length"),
        (("b", -1), 1, "past the end of the array"),
        (("new", 1), 1, "past the end of the array; begin at 0"),
        ((), [1], "the document must stay an object"),
        ((), MISSING, "the document must stay an object"),
        (("a",), {1: 2}, "name of a field must be a string (got 1)"),
        (("a",), object(), "value cannot be written (got object)"),
        (("a",), b"x", "value cannot be written (got bytes)"),
    ],
)
def test_an_impossible_edit_is_refused(path, value, what):
    with pytest.raises(ConfigError, match=r"mcp\.json") as caught:
        edit('{"a": "text", "b": [1, 2], "c": {}}', (path, value))
    assert what in str(caught.value)
    assert "; " in str(caught.value)


def test_a_value_that_contains_itself_is_refused():
    value: dict = {}
    value["self"] = value
    with pytest.raises(ConfigError, match="nested deeper than 200 levels; flatten it"):
        edit("{}", (("a",), value))


def test_a_value_that_would_make_the_file_too_deep_is_refused_too():
    value: list = []
    for _ in range(198):
        value = [value]
    with pytest.raises(ConfigError, match="edit it by hand"):
        edit('{"a": {"b": {"c": {}}}}', (("a", "b", "c", "d"), value))


def test_an_unreadable_file_is_not_edited():
    with pytest.raises(ConfigSyntaxError) as caught:
        edit('{\n  "a": 1\n  "b": 2\n}', (("c",), 3))
    assert (caught.value.line, caught.value.column) == (3, 3)


def test_ten_thousand_services_are_added_and_removed_at_once():
    text = '{\n  "mcpServers": {\n    "mine": {"command": "x"} // mine\n  }\n}\n'
    names = [f"s{i}" for i in range(10_000)]
    full = edit(text, *((("mcpServers", name), NEW) for name in names))
    assert full.count("\n    ") == 10_001
    assert edit(full, *((("mcpServers", name), MISSING) for name in names)) == text
