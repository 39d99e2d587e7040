"""Queue of outgoing messages from the engine to a channel."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

from mcpstore.models.json_types import as_object
from mcpstore.wire.message import as_number, decode
from mcpstore.wire.messages.channel import Channel
from mcpstore.wire.messages.in_flight import InFlight, SessionListener
from mcpstore.wire.pump import HIGH_WATER

__all__ = ["CANCEL_GRACE", "SendQueue"]

CANCEL_GRACE: Final = 5.0
"""Seconds for the server to end a cancelled request itself; then the HTTP request is abandoned."""


class SendQueue:
    """Sink that sends one message after the other to a channel.

    Args:
        line: Listener for events of the session.
        on_failure: Called with (number, method, reason) for a request that failed.
    """

    def __init__(self, line: SessionListener, on_failure: Callable[[int, str, Exception], None]) -> None:
        self._line: Final = line
        self._on_failure: Final = on_failure
        self._waiting: Final[deque[tuple[dict[str, Any], bytes, InFlight]]] = deque()
        self._size = 0
        self._has_messages: Final = asyncio.Event()
        self._has_room: Final = asyncio.Event()
        self._in_flight: Final[dict[int, InFlight]] = {}

    @property
    def is_paused(self) -> bool:
        """Whether the queue is full."""
        return self._size > HIGH_WATER

    def write(self, data: bytes) -> None:
        """Queue a line of the engine."""
        message = cast("dict[str, Any]", decode(data))  # encoded by the engine
        self._waiting.append((message, data, self._exchange(message)))
        self._size += len(data)
        self._has_messages.set()

    async def drain(self) -> None:
        """Wait until the queue has room."""
        while self.is_paused:
            self._has_room.clear()
            await self._has_room.wait()

    def answered(self, number: Any) -> None:
        """Record that a request has been answered."""
        self._in_flight.pop(number, None)

    async def send_into(self, channel: Channel) -> None:
        """Send all messages; raises when the channel cannot be written to any more."""
        while True:
            await self._has_messages.wait()
            self._has_messages.clear()
            while self._waiting:
                message, data, exchange = self._waiting.popleft()
                await channel.send(message, data, exchange)
                self._size -= len(data)
                self._has_room.set()
                if message.get("method") == "notifications/cancelled":
                    self._abandon_later(message)

    def _exchange(self, message: dict[str, Any]) -> InFlight:
        number, method = as_number(message.get("id")), message.get("method")
        if number is None or method is None:  # a notification, or an answer to a request of the server
            return InFlight(self._line)
        exchange = InFlight(self._line, partial(self._failed, number, method))
        self._in_flight[number] = exchange
        return exchange

    def _failed(self, number: int, method: str, reason: Exception) -> None:
        self.answered(number)
        self._on_failure(number, method, reason)

    def _abandon_later(self, cancellation: dict[str, Any]) -> None:
        number = as_number((as_object(cancellation.get("params")) or {}).get("requestId"))
        exchange = self._in_flight.pop(number, None) if number is not None else None
        if exchange is not None:
            asyncio.get_running_loop().call_later(CANCEL_GRACE, exchange.abandon)
