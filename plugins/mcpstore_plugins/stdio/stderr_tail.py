"""Bounded tail of a service's stderr; reading never blocks the service."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Final

from mcpstore.models.buffer import Buffer

__all__ = ["MAX_CHARACTERS", "MAX_LINES", "MAX_LINES_PER_SECOND", "MAX_LINE_BYTES", "StderrTail"]

MAX_CHARACTERS: Final = 64 * 1024
"""Characters that are kept."""

MAX_LINES: Final = 1000
"""Lines that are kept; a short line takes more memory than its characters."""

MAX_LINE_BYTES: Final = 4096
"""Bytes of a line that are kept; the rest of the line is dropped."""

MAX_LINES_PER_SECOND: Final = 5000
"""Lines passed on within a second. Of a flood only the end is passed on, so that it costs little more than reading."""

_MAX_UNFINISHED: Final = MAX_LINE_BYTES + 1

_BACKLOG: Final = 8 * 1024
"""Bytes of a flood that are held back until the second is over."""

# Colours, cursor movements and window titles (ECMA-48); then all other control characters except the tab.
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class StderrTail:
    """The last lines of a text that arrives in chunks.

    Args:
        on_line: Called with each line, redacted.
        redact: Masks secrets in a line.
        clock: Returns monotonic seconds.
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
        """Fill levels and bounds of the buffers."""
        return (
            Buffer(name="stderr kept for errors", used=self._size, bound=MAX_CHARACTERS, unit="characters"),
            Buffer(name="stderr lines kept", used=len(self._kept), bound=MAX_LINES, unit="lines"),
            Buffer(name="unfinished stderr line", used=len(self._rest), bound=_MAX_UNFINISHED, unit="bytes"),
            Buffer(name="stderr flood held back", used=len(self._backlog), bound=_BACKLOG, unit="bytes"),
        )

    def feed(self, data: bytes) -> None:
        """Process the next chunk."""
        now = self._clock()
        if now - self._second >= 1.0:
            self._flush_backlog()
            self._second, self._passed = now, 0
        count = data.count(b"\n")
        self._passed += count
        if self._passed > MAX_LINES_PER_SECOND:
            self._left_out += count
            backlog = self._backlog + data[-_BACKLOG:]
            self._is_torn = self._is_torn or len(data) > _BACKLOG or len(backlog) > _BACKLOG
            self._backlog = backlog[-_BACKLOG:]
        else:
            self._split(data)

    def end(self) -> None:
        """Process an unfinished last line as a line."""
        self._flush_backlog()
        self._split(b"\n")

    def last(self, limit: int = 20) -> tuple[str, ...]:
        """Return the last lines, oldest first."""
        self._flush_backlog()
        return tuple(self._kept)[-limit:]

    def _split(self, data: bytes) -> None:
        if b"\n" not in data:
            self._rest = (self._rest + data[:_MAX_UNFINISHED])[:_MAX_UNFINISHED]
            return
        first, *lines = data.split(b"\n")
        self._add_line(self._rest + first[:_MAX_UNFINISHED])
        self._rest = lines.pop()[:_MAX_UNFINISHED]
        for line in lines:
            self._add_line(line)

    def _flush_backlog(self) -> None:
        """Pass on the end of a flood."""
        end, left_out = self._backlog, self._left_out
        if self._is_torn:  # its first line is incomplete and is dropped
            end = end.partition(b"\n")[2]
            kept = end.count(b"\n")
            self._rest = b""
            self._show(f"… {left_out - kept} lines left out")
        self._backlog, self._left_out, self._is_torn = b"", 0, False
        self._split(end)

    def _add_line(self, line: bytes) -> None:
        if text := _clean(line):
            self._show(self._redact(text))

    def _show(self, text: str) -> None:
        self._kept.append(text)
        self._size += len(text)
        while self._size > MAX_CHARACTERS or len(self._kept) > MAX_LINES:
            self._size -= len(self._kept.popleft())
        self._on_line(text)


def _clean(line: bytes) -> str:
    """Return a line as a terminal shows it: decoded, without escapes, overwritten text and control characters."""
    cut = "…" if len(line) > MAX_LINE_BYTES else ""
    text = _ESCAPE.sub("", line[:MAX_LINE_BYTES].decode(errors="replace")).rstrip()
    return _CONTROL.sub("", text.rsplit("\r", 1)[-1]).rstrip() + cut
