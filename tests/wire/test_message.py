"""Encoding and decoding of messages, including odd ones."""

from __future__ import annotations

import json
import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.errors import ServiceError
from mcpstore.wire.message import as_number, decode, encode, lost_answer, outcome, shown

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_a_written_message_is_read_back(message):
    line = encode(message)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert decode(line) == message


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_messages_of_other_programs_are_read(message):
    assert decode(json.dumps(message).encode()) == message


def test_lone_surrogates_are_written_and_read_back():
    assert decode(encode({"text": "\ud800 and \udfff"})) == {"text": "\ud800 and \udfff"}
    assert decode(b'{"text":"\\ud83d\\ude00"}') == {"text": "😀"}


def test_mappings_of_every_kind_are_written_as_objects():
    frozen = MappingProxyType({"deep": MappingProxyType({"a": (1, 2)})})
    assert decode(encode(frozen)) == {"deep": {"a": [1, 2]}}


def test_nesting_beyond_the_limit_is_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested that deeply"):
        encode({"deep": deep})
    circle = {}
    circle["self"] = circle
    with pytest.raises(ValueError, match="Circular"):
        encode(circle)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_cannot_represent_are_not_written(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"value": value})


@pytest.mark.parametrize("value", [{1}, b"bytes", object(), {(1, 2): 3}])
def test_values_that_json_cannot_represent_are_not_written(value):
    with pytest.raises(TypeError):
        encode({"value": value})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":1}\r', {"a": 1}),
        (b'\0\0{"a":1}\0', {"a": 1}),
        (b'  {"a":1}\t', {"a": 1}),
        (b'{"a":"\xff\xfe"}', {"a": "\ufffd\ufffd"}),
        (b'{"a":"\xed\xa0\x80"}', {"a": "\ufffd" * 3}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":' + b"9" * 400 + b"}", {"a": int("9" * 400)}),
        (b"[" * 500 + b"]" * 500, None),
    ],
)
def test_odd_lines_are_parsed(line, expected):
    if expected is None:
        value = decode(line)
        depth = 0
        while value:
            (value,), depth = value, depth + 1
        assert depth == 499
    else:
        assert decode(line) == expected


def test_nan_from_a_server_is_read_as_a_float():
    value = decode(b'{"a":NaN,"b":-Infinity,"c":1e999}')
    assert math.isnan(value["a"])
    assert (value["b"], value["c"]) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"   ",
        b"hello",
        b"\x1b[32mready\x1b[0m",
        b'{"a":1} x',
        b'{"a":',
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_lines_that_are_not_json_are_no_message(line):
    assert decode(line) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (7.5, None),
        (math.inf, None),
        ("seven", None),
        ("²", None),
        ("9" * 20, None),
        (True, None),
        (None, None),
        ([7], None),
        ({}, None),
    ],
)
def test_the_id_of_a_request_is_recognised_in_every_echoed_type(value, expected):
    assert as_number(value) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"jsonrpc":"2.0","id":12,"result":{"x":' + b"[" * 9999, 12),
        (b'{"jsonrpc": "2.0", "id": 12, "result": {', 12),
        (b'{"result":{"x":' + b"[" * 9999 + b'},"jsonrpc":"2.0","id":12}', 12),
        (b'{"id":12', None),
        (b"hello", None),
    ],
)
def test_an_unreadable_answer_names_the_request_it_was_for(line, expected):
    assert lost_answer(line) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"result": {"a": 1}}, {"a": 1}),
        ({"result": {"a": 1}, "error": None}, {"a": 1}),
        ({"result": None}, {}),
    ],
)
def test_results_are_parsed(message, expected):
    assert outcome(message) == expected


@pytest.mark.parametrize(
    ("message", "code", "text", "data"),
    [
        ({"error": {"code": -32601, "message": "no", "data": [1]}}, -32601, "no", [1]),
        ({"error": {"code": -1, "message": "no"}, "result": {}}, -1, "no", None),
        ({"error": {"message": "no"}}, -32603, "no", None),
        ({"error": {"code": "bad", "message": "no"}}, -32603, "no", None),
        ({"error": {"code": True, "message": "no"}}, -32603, "no", None),
        ({"error": {"code": 5}}, 5, "the service gave no reason", None),
        ({"error": {}}, -32603, "the service gave no reason", None),
        ({"error": "boom"}, -32603, "boom", None),
        ({"error": [1]}, -32603, "[1]", None),
        ({"result": [1]}, -32603, "the answer holds no result object (got list)", None),
        ({"result": "text"}, -32603, "the answer holds no result object (got str)", None),
        ({}, -32603, "the answer holds no result object (got nothing)", None),
    ],
)
def test_errors_and_malformed_answers_become_service_errors(message, code, text, data):
    error = outcome(message)
    assert isinstance(error, ServiceError)
    assert (error.code, error.message, error.data) == (code, text, data)


def test_a_line_is_shown_on_one_line_without_control_characters_and_cut():
    assert shown(b"\x1b[31mred\x1b[0m\rover") == "\\x1b[31mred\\x1b[0m\\rover"
    assert shown(b"caf\xc3\xa9 \xff") == "café \ufffd"
    assert shown(b"x" * 10_000) == "x" * 200 + "…"
    assert shown(b"x" * 201) == "x" * 200 + "…"
    assert shown("\u202eevil".encode()) == "\\u202eevil"
