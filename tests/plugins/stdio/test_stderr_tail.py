"""Collection of the stderr of a service."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.redaction import Redactor
from mcpstore_plugins.stdio.stderr_tail import (
    MAX_CHARACTERS,
    MAX_LINE_BYTES,
    MAX_LINES,
    MAX_LINES_PER_SECOND,
    StderrTail,
)


class Heard:
    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.tail = StderrTail(self.lines.append, Redactor(secrets), lambda: self.now)

    def after(self, *pieces: bytes) -> list[str]:
        for piece in pieces:
            self.tail.feed(piece)
        self.tail.end()
        return self.lines


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\n\n \na\n", ["a"]),
        (b"unfinished", ["unfinished"]),
        (b"  indented\t\n", ["  indented"]),
        (b"10%\r20%\r30%\r\n", ["30%"]),
        (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain\x1b(B\x1b7\n", ["red plain"]),
        (b"\xff caf\xc3\xa9\n", ["\ufffd café"]),
        (b"a\0b\x07c\x7f\xe2\x80\xa8d\n", ["abcd"]),
        (b"a\tb\n", ["a\tb"]),
    ],
)
def test_lines_are_cleaned_as_a_terminal_would_show_them(data: bytes, lines: list[str]):
    heard = Heard()
    assert heard.after(data) == lines
    assert heard.tail.last() == tuple(lines)


def test_a_long_line_is_cut():
    [line] = Heard().after(b"x" * 3000, b"y" * 3000, b"z" * 3000 + b"\n")
    assert line == "x" * 3000 + "y" * (MAX_LINE_BYTES - 3000) + "…"


def test_a_line_of_maximal_length_is_not_cut():
    assert Heard().after(b"x" * MAX_LINE_BYTES + b"\n") == ["x" * MAX_LINE_BYTES]


def test_secrets_are_masked_before_lines_are_passed_on():
    heard = Heard(("s3cret-value",))
    assert heard.after(b"key=s3cret-value!\n") == ["key=***!"]
    assert heard.tail.last() == ("key=***!",)


def test_only_the_end_is_kept():
    heard = Heard()
    for number in range(4000):
        heard.now += 1
        heard.tail.feed(b"%099d\n" % number)
    assert len(heard.lines) == 4000
    kept = heard.tail.last(10**6)
    assert MAX_CHARACTERS - 100 < sum(map(len, kept)) <= MAX_CHARACTERS
    assert kept[-1] == "3999".zfill(99)
    assert heard.tail.last(2) == kept[-2:]


def test_at_most_a_thousand_short_lines_are_kept():
    heard = Heard()
    heard.tail.feed(b"ab\n" * 3000)
    assert heard.tail.last(10**6) == ("ab",) * MAX_LINES


def test_only_the_beginning_and_the_end_of_a_flood_are_passed_on():
    heard = Heard()
    heard.tail.feed(b"first\n")
    for number in range(20):
        heard.tail.feed(b"".join(b"%d %d\n" % (number, n) for n in range(1000)))
    assert len(heard.lines) == 1 + (MAX_LINES_PER_SECOND // 1000 - 1) * 1000
    assert heard.tail.last()[-1] == "19 999"
    note = next(line for line in heard.lines if line.startswith("…"))
    left_out = int(note.split()[1])
    assert len(heard.lines) - 1 + left_out == 1 + 20 * 1000
    heard.tail.feed(b"still the same second\n")
    assert heard.lines[-1] == "19 999"
    heard.now += 1
    heard.tail.feed(b"calm again\n")
    assert heard.lines[-2:] == ["still the same second", "calm again"]


def test_slightly_too_much_output_is_only_delayed():
    heard = Heard()
    heard.tail.feed(b"x\n" * MAX_LINES_PER_SECOND)
    heard.tail.feed(b"begun ")
    heard.tail.feed(b"and ended\nlast\n")
    assert heard.lines[MAX_LINES_PER_SECOND:] == []
    heard.now += 1
    heard.tail.feed(b"next\n")
    assert heard.lines[MAX_LINES_PER_SECOND:] == ["begun and ended", "last", "next"]


def test_the_end_of_a_flood_without_lines_is_not_lost():
    heard = Heard()
    heard.tail.feed(b"x\n" * (MAX_LINES_PER_SECOND + 1))
    heard.tail.feed(b"the end")
    assert heard.after()[-1] == "the end"


def test_a_flood_uses_no_memory():
    heard = Heard()
    piece = b"y" * 65536
    lines = b"y\n" * 32768
    heard.tail.feed(lines)
    tracemalloc.start()
    for _ in range(500):
        heard.tail.feed(piece)
        heard.tail.feed(lines)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@given(st.lists(st.binary(max_size=30)))
def test_the_result_does_not_depend_on_the_chunks(pieces: list[bytes]):
    assert Heard().after(*pieces) == Heard().after(b"".join(pieces))
