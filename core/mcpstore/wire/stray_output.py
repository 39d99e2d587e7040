"""Lines of a server that are no messages: counted, the first ones kept for diagnosis."""

from __future__ import annotations

import logging
from typing import Final

from mcpstore.wire.message import shown

__all__ = ["STRAY_LINES_KEPT", "STRAY_LINES_LIMIT", "StrayOutput"]

STRAY_LINES_KEPT: Final = 5
"""Number of lines that are kept and logged for each connection, each cut to 200 characters."""

STRAY_LINES_LIMIT: Final = 100
"""Number of stray lines before the first message that may be a banner; with more, the program is no MCP server."""

_logger: Final = logging.getLogger("mcpstore.wire")


class StrayOutput:
    """The stray output of one connection.

    Attributes:
        count: Number of lines that were no messages.
        kept: The first of them.
        has_message: Whether there has been a message.
    """

    __slots__ = ("_service", "count", "has_message", "kept")

    def __init__(self, service: str) -> None:
        self._service: Final = service
        self.count: int = 0
        self.kept: Final[list[str]] = []
        self.has_message: bool = False

    def add(self, line: bytes) -> None:
        """Count a line, unless it is blank."""
        if not line.strip(b"\0 \t\r"):
            return
        self.count += 1
        if len(self.kept) < STRAY_LINES_KEPT:
            self.kept.append(shown(line))
            _logger.info("service %r wrote a line that is no MCP message: %s", self._service, self.kept[-1])

    @property
    def is_hopeless(self) -> bool:
        """Whether the program is no MCP server: too much stray output and no message."""
        return not self.has_message and self.count > STRAY_LINES_LIMIT

    @property
    def hint(self) -> str:
        """End of an error message that shows the stray output; empty if there was none."""
        if not self.count:
            return ""
        lines = "1 line that is no MCP message" if self.count == 1 else f"{self.count} lines that are no MCP messages"
        return f"; it wrote {lines}: {self.kept[0]}"
