"""Engine for wires that carry whole messages, each of which may fail by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mcpstore.hooks.connection import Exit
from mcpstore.wire.engine import JsonLines

__all__ = ["MessageEngine"]


class MessageEngine(JsonLines):
    """An engine that receives messages instead of bytes."""

    def take(self, message: dict[str, Any]) -> None:
        """Process a message of the server."""
        self._receive(message, b"")

    def fail(self, number: int, reason: Exception) -> None:
        """Fail a request that will not be answered; without effect if it has ended."""
        self._pending.fail(number, reason)

    def announce(self, event: str) -> None:
        """Report a notification to the peer, as if the server had sent it."""
        self._announce(event, {})

    def on_end(self, call: Callable[[asyncio.Future[Exit]], None]) -> None:
        """Call a function at the end of the connection."""
        self._closed.add_done_callback(call)
