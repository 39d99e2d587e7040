"""Text from servers can be shown: it contains no control sequences."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.text import counted, one_line, sanitized, short_hash

COMMANDS = [
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[1;1H",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1bc",
    "\x1b(0",
    "\x9b31mred",
    "\x9d0;title\x9c",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x1b[",
    "\x1b",
    "bell\x07",
    "over\rwritten",
    "back\x08space",
    "\x00\x7f",
    "\u202egnp.exe",
    "a\u2028b",
]


@pytest.mark.parametrize("text", COMMANDS)
def test_no_control_sequence_is_left(text: str):
    result = sanitized(f"before{text}after")
    assert result.isprintable()
    assert result.startswith("before")
    assert result.endswith("fter")  # an unterminated sequence includes the next letter


@pytest.mark.parametrize("text", ["", "plain", "ä€漢字🎉", "tab\tand\nnewline", "a\r\nb", "[31m is no command"])
def test_text_without_control_sequences_is_not_changed(text: str):
    assert sanitized(text) == text.replace("\r", "")


@pytest.mark.parametrize("text", ["a\nERROR forged line", "a\r\nb", "a\u2028b", "a\x0bb", "a\x85b", "  a \t b "])
def test_a_line_contains_no_line_breaks(text: str):
    assert len(one_line(text).splitlines()) <= 1


@given(st.text())
def test_cleaned_text_is_not_changed_by_cleaning_it_again(text: str):
    result = sanitized(text)
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", result) is None
    assert sanitized(result) == result
    assert len(one_line(text).splitlines()) <= 1


def test_cleaning_takes_time_proportional_to_the_length():
    import time

    def cost(text: str) -> float:
        begun = time.process_time()
        sanitized(text)
        return time.process_time() - begun

    for piece in ("\x1b]", "\x1b[0", "\x1b", "\x9b;"):
        short, long = (min(cost(piece * count) for _ in range(3)) for count in (20_000, 160_000))
        assert long < 64 * max(short, 0.001)  # 8 times the text: linear is 8, quadratic 64 and more


@pytest.mark.parametrize(
    ("number", "words", "result"),
    [
        (0, ("call",), "0 calls"),
        (1, ("call",), "1 call"),
        (2, ("call",), "2 calls"),
        (1, ("more oddity", "more oddities"), "1 more oddity"),
        (3, ("more oddity", "more oddities"), "3 more oddities"),
    ],
)
def test_a_count_of_one_is_written_in_the_singular(number, words, result):
    assert counted(number, *words) == result


def test_a_short_hash_tells_sequences_of_strings_apart():
    assert short_hash("stdio", "a b") == short_hash("stdio", "a b")
    assert len({short_hash(*parts) for parts in (("a", "b"), ("b", "a"), ("ab",), ("a", "b", ""), ())}) == 5
    assert all(len(short_hash(part)) == 16 and int(short_hash(part), 16) >= 0 for part in ("", "é", "x" * 1000))
