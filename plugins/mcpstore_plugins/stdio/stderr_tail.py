"""What a service writes to stderr: never in its way, never more of it than can be kept."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Final

from mcpstore.models.buffer import Buffer

__all__ = ["LONGEST_LINE", "MOST_KEPT", "MOST_LINES", "MOST_LINES_KEPT", "Tail"]

MOST_KEPT: Final = 64 * 1024
"""Characters kept, in at most `MOST_LINES_KEPT` lines: a short line costs more than its characters."""

MOST_LINES_KEPT: Final = 1000

LONGEST_LINE: Final = 4096
"""Bytes of a line that are looked at; the rest of it is dropped."""

MOST_LINES: Final = 5000
"""Lines passed on in one second. Of a flood only the end is passed on, so that it costs little more than reading it."""

_ENOUGH: Final = LONGEST_LINE + 1

_BACKLOG: Final = 8 * 1024
"""Bytes of a flood that are kept until the second is over."""

# Colours, cursor movements and window titles (ECMA-48), then every other control character but the tab.
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class Tail:
    """The end of a text that comes in pieces.

    Args:
        on_line: Called with each line.
        redact: Applied to each line before anybody sees it.
        clock: Returns seconds; only differences count.
    """

    def __init__(
        self, on_line: Callable[[str], None], redact: Callable[[str], str], clock: Callable[[], float]
    ) -> None:
        self._on_line = on_line
        self._redact = redact
        self._clock = clock
        self._kept: deque[str] = deque()
        self._size = 0
        self._rest = b""
        self._backlog = b""
        self._left_out = 0
        self._is_torn = False
        self._second = clock()
        self._passed = 0

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """What is kept, and how much of it may be."""
        return (
            Buffer(name="stderr kept for errors", used=self._size, bound=MOST_KEPT, unit="characters"),
            Buffer(name="lines of stderr", used=len(self._kept), bound=MOST_LINES_KEPT, unit="lines"),
            Buffer(name="unfinished line of stderr", used=len(self._rest), bound=_ENOUGH, unit="bytes"),
            Buffer(name="flood of stderr held back", used=len(self._backlog), bound=_BACKLOG, unit="bytes"),
        )

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        now = self._clock()
        if now - self._second >= 1.0:
            self._release()
            self._second, self._passed = now, 0
        count = data.count(b"\n")
        self._passed += count
        if self._passed > MOST_LINES:
            self._left_out += count
            backlog = self._backlog + data[-_BACKLOG:]
            self._is_torn = self._is_torn or len(data) > _BACKLOG or len(backlog) > _BACKLOG
            self._backlog = backlog[-_BACKLOG:]
        else:
            self._split(data)

    def end(self) -> None:
        """Take what came last as a line, though nothing ended it."""
        self._release()
        self._split(b"\n")

    def last(self, most: int = 20) -> tuple[str, ...]:
        """Return the last lines, oldest first."""
        self._release()
        return tuple(self._kept)[-most:]

    def _split(self, data: bytes) -> None:
        if b"\n" not in data:
            self._rest = (self._rest + data[:_ENOUGH])[:_ENOUGH]
            return
        first, *lines = data.split(b"\n")
        self._take(self._rest + first[:_ENOUGH])
        self._rest = lines.pop()[:_ENOUGH]
        for line in lines:
            self._take(line)

    def _release(self) -> None:
        """Pass on the end of a flood."""
        end, left_out = self._backlog, self._left_out
        if self._is_torn:  # what is left of its first line is nobody's end or beginning
            end = end.partition(b"\n")[2]
            kept = end.count(b"\n")
            self._rest = b""
            self._show(f"… {left_out - kept} lines left out")
        self._backlog, self._left_out, self._is_torn = b"", 0, False
        self._split(end)

    def _take(self, line: bytes) -> None:
        if text := _clean(line):
            self._show(self._redact(text))

    def _show(self, text: str) -> None:
        self._kept.append(text)
        self._size += len(text)
        while self._size > MOST_KEPT or len(self._kept) > MOST_LINES_KEPT:
            self._size -= len(self._kept.popleft())
        self._on_line(text)


def _clean(line: bytes) -> str:
    """Return a line as a terminal would leave it: decoded, without escapes, overwritten parts and other controls."""
    cut = "…" if len(line) > LONGEST_LINE else ""
    text = _ESCAPE.sub("", line[:LONGEST_LINE].decode(errors="replace")).rstrip()
    return _CONTROL.sub("", text.rsplit("\r", 1)[-1]).rstrip() + cut
