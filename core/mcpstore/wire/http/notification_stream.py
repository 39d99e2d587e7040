"""The stream on which a server of the legacy era tells news, and when it is opened again.

The SDK opens it again a second after it ended, for ever, and gives up for ever after two errors. Here it is never given
up while the server wants it, and opened less and less often while that does not last.
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
"""Seconds before the stream is opened again: doubled each time, and reset once it has lasted for the most."""


class NotificationStream:
    """Keeps the stream of one session open, without haste."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._opened: float | None = None
        self._is_declined = False

    async def turn(self) -> None:
        """Wait until it is time to open the stream; never returns once the server declined."""
        if self._is_declined:
            await asyncio.Event().wait()  # what waits here is cancelled with the session
        await asyncio.sleep(self._pause)
        self._pause = min(max(self._pause * 2, PAUSE_MIN), PAUSE_MAX)

    def wait(self, seconds: float) -> None:
        """Take note that the server wants to be left alone for a while."""
        self._pause = max(self._pause, seconds)

    def declined(self) -> None:
        """Take note that the server has no such stream."""
        self._is_declined = True

    def opened(self, response: httpx2.Response, exchange: InFlight) -> None:
        """Take note that the stream is open, and have it end without raising."""
        if self._opened is not None:
            exchange.line.resumed()
        self._opened = asyncio.get_running_loop().time()
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - only such clients are asked
        response.stream = _Quiet(response.stream, self)

    def ended(self) -> None:
        """Take note that the stream ended."""
        if self._opened is not None and asyncio.get_running_loop().time() - self._opened > PAUSE_MAX:
            self._pause = 0.0


class _Quiet(httpx2.AsyncByteStream):
    """A body that ends when it breaks: the SDK counts only errors, and gives up after two."""

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
