"""The last lines that services wrote to stderr."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

import attrs

from mcpstore.models.record import Record

__all__ = ["LogLine", "LogRing"]

RING_BYTES: Final = 64 * 1024
"""Text kept per service."""


@attrs.frozen(kw_only=True)
class LogLine(Record):
    """A line a service wrote.

    Attributes:
        service: The service.
        timestamp: When it arrived (local time, without zone).
        text: The line.
    """

    service: str
    timestamp: datetime
    text: str


class LogRing:
    """Keeps the newest lines up to a bound.

    Attributes:
        bound: How much may be kept, in characters; each line counts as 64 more.
        size: How much is kept.
        dropped: Lines that were kept and are no more.
    """

    __slots__ = ("_lines", "bound", "dropped", "size")

    def __init__(self, bound: int = RING_BYTES) -> None:
        self.bound: Final = bound
        self.size: int = 0
        self.dropped: int = 0
        self._lines: deque[LogLine] = deque()

    def add(self, line: LogLine) -> None:
        """Keep a line; the oldest ones go when there is no room."""
        self._lines.append(line)
        self.size += _weight(line)
        while self.size > self.bound and len(self._lines) > 1:
            self.size -= _weight(self._lines.popleft())
            self.dropped += 1

    def last(self, count: int | None = None) -> list[LogLine]:
        """Return the newest lines, oldest first."""
        lines = list(self._lines)
        return lines if count is None else lines[max(0, len(lines) - count) :]


def _weight(line: LogLine) -> int:
    return len(line.text) + 64  # the record itself weighs something too, or empty lines would be free
