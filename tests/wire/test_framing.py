"""Lines from bytes, in any chunks."""

from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.wire.message import LineSplitter


@given(
    text=st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    cuts=st.lists(st.integers(0, 120), max_size=12),
    limit=st.integers(1, 14),
)
def test_the_lines_do_not_depend_on_the_chunks(text, cuts, limit):
    data = b"".join(line + b"\n" for line in text[:-1]) + (text[-1] if text else b"")
    whole = LineSplitter(limit)
    expected = whole.feed(data)
    cut = LineSplitter(limit)
    edges = sorted({0, len(data), *(c for c in cuts if c < len(data))})
    got = [line for a, b in pairwise(edges) for line in cut.feed(data[a:b])]
    assert got == expected
    assert cut.overflowed == whole.overflowed
    assert whole.overflowed == any(len(line) > limit for line in text)
    too_long = next((number for number, line in enumerate(text) if len(line) > limit), len(text) - 1)
    good = text[: max(too_long, 0)]
    assert got == good


def test_single_bytes_give_the_same_lines():
    lines = LineSplitter(100)
    got = [line for byte in b'{"a":1}\r\n\n{"b":2}\nrest' for line in lines.feed(bytes([byte]))]
    assert got == [b'{"a":1}\r', b"", b'{"b":2}']


def test_a_line_of_exactly_one_frame_is_accepted_and_one_byte_more_is_not():
    exact, over = LineSplitter(8), LineSplitter(8)
    assert exact.feed(b"12345678\n") == [b"12345678"]
    assert not exact.overflowed
    assert over.feed(b"a\nb\n123456789\nc\n") == [b"a", b"b"]
    assert over.overflowed


def test_after_an_overflow_no_line_is_returned():
    lines = LineSplitter(4)
    assert lines.feed(b"ok\n12345") == [b"ok"]
    assert lines.overflowed
    assert lines.feed(b"\nok\n") == []


def test_many_short_lines_in_one_chunk_are_no_overflow():
    lines = LineSplitter(8)
    assert lines.feed(b"1234\n" * 100 + b"1234") == [b"1234"] * 100
    assert not lines.overflowed
    assert lines.feed(b"\n") == [b"1234"]


@pytest.mark.parametrize("piece", [2, 1024, 65536])
def test_an_endless_line_uses_no_more_memory_than_one_frame(piece):
    limit = 1 << 16
    lines, data = LineSplitter(limit), b"x" * piece
    tracemalloc.start()
    try:
        for _ in range(2 * limit // piece):
            assert lines.feed(data) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines.overflowed
    assert peak < 3 * limit


def test_a_long_line_takes_linear_time():
    def spent(size: int) -> float:
        best = float("inf")
        for _ in range(5):
            lines, piece = LineSplitter(1 << 26), b"x" * 1024
            began = time.process_time()
            for _ in range(size // 1024):
                lines.feed(piece)
            lines.feed(b"\n")
            best = min(best, time.process_time() - began)
        return best

    short, long = spent(1 << 20), spent(1 << 24)
    assert long < short * 16 * 4  # a line 16 times as long would take 256 times as long if all of it were scanned again
