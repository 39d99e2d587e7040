"""Interfaces of a bidirectional channel of messages and of its receiver."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from mcpstore.wire.messages.in_flight import InFlight

__all__ = ["Channel", "OpenChannel", "Receiver"]


class Receiver(Protocol):
    """Receiver of a channel's incoming messages."""

    def take(self, message: dict[str, Any]) -> None:
        """Process a message."""
        ...

    def feed(self, data: bytes) -> None:
        """Process a line that is not a message."""
        ...


class Channel(Protocol):
    """Bidirectional channel of messages. It is entered, used and left in one task; `send` may run in another."""

    async def send(self, message: dict[str, Any], data: bytes, exchange: InFlight) -> None:
        """Send a message; it may not have arrived when this returns.

        Args:
            message: The message.
            data: The message as a line of JSON, in ASCII.
            exchange: Gets the failure if the message cannot be delivered.
        """
        ...

    async def receive_into(self, receiver: Receiver) -> str:
        """Deliver incoming messages until the channel ends, and return the reason."""
        ...


OpenChannel = Callable[[], AbstractAsyncContextManager[Channel]]
"""Opens a channel; called again for each new session."""
