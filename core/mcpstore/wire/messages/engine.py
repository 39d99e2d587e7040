"""The engine of JSON lines, for messages that arrive one by one and may fail one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mcpstore.hooks.connection import Exit
from mcpstore.wire.engine import JsonLines
from mcpstore.wire.pending import settle

__all__ = ["MessageEngine"]


class MessageEngine(JsonLines):
    """An engine that takes messages instead of bytes."""

    def take(self, message: dict[str, Any]) -> None:
        """Take a message from the peer."""
        self._take(message, b"")

    def fail(self, number: int, reason: Exception) -> None:
        """End a request that will not be answered; of no effect if it is over."""
        pending = self._waiting.take(number)
        if pending is not None:
            settle(pending, reason)

    def announce(self, event: str) -> None:
        """Tell the peer of something that happened, as if the server had."""
        self._announce(event, {})

    def on_end(self, call: Callable[[asyncio.Future[Exit]], None]) -> None:
        """Have something called when the peer is gone."""
        self._closed.add_done_callback(call)
