"""Ring buffer of the last lines that a server wrote to stderr."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

import attrs

from mcpstore.models.record import Record

__all__ = ["LogLine", "LogRing"]

RING_BYTES: Final = 64 * 1024
"""Size of the text kept for each service, in characters."""


@attrs.frozen(kw_only=True)
class LogLine(Record):
    """A line of stderr.

    Attributes:
        service: The service.
        timestamp: Time of arrival (local time, without zone).
        text: The line.
    """

    service: str
    timestamp: datetime
    text: str


class LogRing:
    """Keeps the newest lines up to a bound.

    Attributes:
        bound: Bound of the kept text, in characters; each line counts as 64 more.
        size: Size of the kept text, counted in the same way.
        dropped: Number of lines dropped for newer ones.
    """

    __slots__ = ("_lines", "bound", "dropped", "size")

    def __init__(self, bound: int = RING_BYTES) -> None:
        self.bound: Final = bound
        self.size: int = 0
        self.dropped: int = 0
        self._lines: deque[LogLine] = deque()

    def add(self, line: LogLine) -> None:
        """Keep a line; the oldest ones are dropped if the bound is exceeded."""
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
    return len(line.text) + 64  # the record itself has a size, too
