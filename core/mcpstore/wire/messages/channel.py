"""What carries single messages both ways, and where it delivers them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from mcpstore.wire.messages.in_flight import InFlight

__all__ = ["Channel", "OpenChannel", "Receiver"]


class Receiver(Protocol):
    """Where a channel delivers what arrives."""

    def take(self, message: dict[str, Any]) -> None:
        """Take a message."""
        ...

    def feed(self, data: bytes) -> None:
        """Take a line that is no message."""
        ...


class Channel(Protocol):
    """Carries messages. It is entered, used and left in one task; `send` may be called from another."""

    async def send(self, message: dict[str, Any], data: bytes, exchange: InFlight) -> None:
        """Hand a message over; that it has arrived is not known when this returns.

        Args:
            message: The message.
            data: The same as a line of JSON, in ASCII.
            exchange: Told if the message turns out to be undeliverable.
        """
        ...

    async def receive_into(self, receiver: Receiver) -> str:
        """Deliver what arrives until nothing more can, and return why."""
        ...


OpenChannel = Callable[[], AbstractAsyncContextManager[Channel]]
"""Opens a channel; called anew whenever a session has to be begun anew."""
