"""What a peer writes that is no message: counted, the beginning kept for diagnosis."""

from __future__ import annotations

import logging
from typing import Final

from mcpstore.wire.message import shown

__all__ = ["NOISE_KEPT", "NOISE_LIMIT", "Noise"]

NOISE_KEPT: Final = 5
"""Lines kept (and logged) of each connection; they are cut to 200 characters."""

NOISE_LIMIT: Final = 100
"""Lines of noise before the first message that are taken for a banner; with more, this is no MCP server."""

_logger: Final = logging.getLogger("mcpstore.wire")


class Noise:
    """The noise of one connection.

    Attributes:
        count: Lines that were no messages.
        kept: The first of them.
        heard: Whether there has been a message.
    """

    __slots__ = ("_service", "count", "heard", "kept")

    def __init__(self, service: str) -> None:
        self._service: Final = service
        self.count: int = 0
        self.kept: Final[list[str]] = []
        self.heard: bool = False

    def take(self, line: bytes) -> None:
        """Count a line; blank ones are no noise."""
        if not line.strip(b"\0 \t\r"):
            return
        self.count += 1
        if len(self.kept) < NOISE_KEPT:
            self.kept.append(shown(line))
            _logger.info("service %r wrote a line that is no MCP message: %s", self._service, self.kept[-1])

    @property
    def is_hopeless(self) -> bool:
        """Whether it is pointless to wait for a message."""
        return not self.heard and self.count > NOISE_LIMIT

    @property
    def hint(self) -> str:
        """What was heard instead of messages, to be appended to an error; empty if nothing was."""
        if not self.count:
            return ""
        lines = "1 line that is no MCP message" if self.count == 1 else f"{self.count} lines that are no MCP messages"
        return f"; it wrote {lines}: {self.kept[0]}"
