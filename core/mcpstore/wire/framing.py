"""Bytes into lines: linear in the number of bytes however they are cut, and never more than a frame kept."""

from __future__ import annotations

from typing import Final

__all__ = ["LineSplitter"]


class LineSplitter:
    """Cuts a stream of bytes at its newlines.

    Attributes:
        overflowed: Whether a line was longer than allowed. Nothing comes out any more then: where the next line would
            begin is anybody's guess.
    """

    __slots__ = ("_limit", "_tail", "overflowed")

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        # A bytearray grows by appending, so a line in a thousand pieces costs as much as in one. A list of the pieces
        # would be bounded in their bytes, but not in their number.
        self._tail: Final = bytearray()
        self.overflowed: bool = False

    @property
    def waiting(self) -> int:
        """Bytes of the line that is not complete yet."""
        return len(self._tail)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the lines they complete, without their newlines."""
        if self.overflowed:
            return []
        tail = self._tail
        crowded = len(tail) + len(data) > self._limit
        lines = data.split(b"\n")
        rest = lines.pop()
        if tail and lines:
            lines[0] = bytes(tail) + lines[0]
            tail.clear()
        if crowded:  # only what is longer than a frame altogether can hold a line that is
            for number, line in enumerate(lines):
                if len(line) > self._limit:
                    return self._overflow(lines[:number])
            if len(tail) + len(rest) > self._limit:
                return self._overflow(lines)
        tail += rest
        return lines

    def _overflow(self, lines: list[bytes]) -> list[bytes]:
        self.overflowed = True
        self._tail.clear()
        return lines
