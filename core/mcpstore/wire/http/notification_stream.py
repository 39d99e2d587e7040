"""Notification stream of a server of the legacy era, reopened with backoff.

The SDK reopens the stream a second after each end, and gives up after two errors. This class never gives up unless the
server declines the stream, and waits longer each time while the stream does not last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx2

from mcpstore.wire.messages.in_flight import InFlight

__all__ = ["PAUSE_MAX", "PAUSE_MIN", "NotificationStream"]

PAUSE_MIN: Final = 1.0
PAUSE_MAX: Final = 60.0
"""Seconds before the stream is reopened: doubled each time, and reset once a stream has lasted for the maximum."""


class NotificationStream:
    """Times the openings of the notification stream of a session."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._opened: float | None = None
        self._is_declined = False

    async def wait_turn(self) -> None:
        """Wait until it is time to open the stream; waits for ever once the server has declined it."""
        if self._is_declined:
            await asyncio.Event().wait()  # cancelled with the session
        await asyncio.sleep(self._pause)
        self._pause = min(max(self._pause * 2, PAUSE_MIN), PAUSE_MAX)

    def delay(self, seconds: float) -> None:
        """Wait at least so many seconds before the next opening."""
        self._pause = max(self._pause, seconds)

    def declined(self) -> None:
        """Record that the server has no notification stream."""
        self._is_declined = True

    def opened(self, response: httpx2.Response, exchange: InFlight) -> None:
        """Record that the stream is open, and make its body end without an exception."""
        if self._opened is not None:
            exchange.session.resumed()
        self._opened = asyncio.get_running_loop().time()
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - used by async clients only
        response.stream = _QuietBody(response.stream, self)

    def ended(self) -> None:
        """Record that the stream has ended."""
        if self._opened is not None and asyncio.get_running_loop().time() - self._opened > PAUSE_MAX:
            self._pause = 0.0


class _QuietBody(httpx2.AsyncByteStream):
    """Body that ends without an exception when it breaks off: the SDK gives up after two exceptions."""

    def __init__(self, body: httpx2.AsyncByteStream, news: NotificationStream) -> None:
        self._body: Final = body
        self._news: Final = news

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                yield chunk
        except httpx2.HTTPError:
            pass
        self._news.ended()

    async def aclose(self) -> None:
        await self._body.aclose()
