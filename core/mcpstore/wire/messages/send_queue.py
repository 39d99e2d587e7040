"""What the engine says, on its way into a channel."""

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

__all__ = ["PARTING", "SendQueue"]

PARTING: Final = 5.0
"""Seconds a server has to end a request by itself after it was told that nobody waits for it."""


class SendQueue:
    """A sink that hands one message after the other to a channel.

    Args:
        line: Told what HTTP says about the connection as a whole.
        on_failure: Called with (number, method, reason) for a request that will not be answered.
    """

    def __init__(self, line: SessionListener, on_failure: Callable[[int, str, Exception], None]) -> None:
        self._line: Final = line
        self._on_failure: Final = on_failure
        self._waiting: Final[deque[tuple[dict[str, Any], bytes, InFlight]]] = deque()
        self._size = 0
        self._some: Final = asyncio.Event()
        self._room: Final = asyncio.Event()
        self._under_way: Final[dict[int, InFlight]] = {}

    @property
    def is_paused(self) -> bool:
        """Whether what was written still waits."""
        return self._size > HIGH_WATER

    def write(self, data: bytes) -> None:
        """Take a line of the engine."""
        message = cast("dict[str, Any]", decode(data))  # it has just been encoded
        self._waiting.append((message, data, self._exchange(message)))
        self._size += len(data)
        self._some.set()

    async def drain(self) -> None:
        """Wait until writing makes sense again."""
        while self.is_paused:
            self._room.clear()
            await self._room.wait()

    def answered(self, number: Any) -> None:
        """Take note that a request is over."""
        self._under_way.pop(number, None)

    async def send_into(self, channel: Channel) -> None:
        """Hand everything over until the channel cannot be written to any more, which it raises."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                message, data, exchange = self._waiting.popleft()
                await channel.send(message, data, exchange)
                self._size -= len(data)
                self._room.set()
                if message.get("method") == "notifications/cancelled":
                    self._part_with(message)

    def _exchange(self, message: dict[str, Any]) -> InFlight:
        number, method = as_number(message.get("id")), message.get("method")
        if number is None or method is None:  # a notification, or an answer to a request of the server
            return InFlight(self._line)
        exchange = InFlight(self._line, partial(self._failed, number, method))
        self._under_way[number] = exchange
        return exchange

    def _failed(self, number: int, method: str, reason: Exception) -> None:
        self.answered(number)
        self._on_failure(number, method, reason)

    def _part_with(self, cancellation: dict[str, Any]) -> None:
        number = as_number((as_object(cancellation.get("params")) or {}).get("requestId"))
        exchange = self._under_way.pop(number, None) if number is not None else None
        if exchange is not None:
            asyncio.get_running_loop().call_later(PARTING, exchange.abandon)
