"""The body of an answer, on its way to the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx2

from mcpstore.wire.http.failures import content_kind, of_exception, where
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight

__all__ = ["ResponseBody"]

AFTERTHOUGHT: Final = 0.5
"""Seconds between the end of an answer and the verdict that it did not answer: the SDK hands it over meanwhile."""


class ResponseBody(httpx2.AsyncByteStream):
    """Passes a body on. It may break off or be too long, but it raises nothing.

    Args:
        response: Whose body it is.
        exchange: The message it answers.
        limit: Bytes of JSON that are accepted; a stream of events has its own limit, for each of them.
    """

    def __init__(self, response: httpx2.Response, exchange: InFlight, limit: int) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - only such clients are asked
        self._body: Final = response.stream
        self._url: Final = response.request.url
        self._exchange: Final = exchange
        self._is_events: Final = content_kind(response) == "text/event-stream"
        self._limit: Final = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._body)
        size = 0
        while True:
            try:
                with self._exchange.abandonable() as scope:
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except httpx2.HTTPError as error:
                self._broken(of_exception(error, self._url))
                return
            if scope.cancelled_caught:
                return
            size += len(chunk)
            if size > self._limit and not self._is_events:
                told = f"the answer of {where(self._url)} is longer than {self._limit} bytes; ask for less at a time"
                self._exchange.fail(HttpFailure(Kind.TOO_LONG, told))
                return
            yield chunk

    async def aclose(self) -> None:
        """Close the body; if it was no answer, whoever waits hears of it."""
        await self._body.aclose()
        if self._exchange.is_request and not self._is_events:
            # An answer with the id of some other request reaches nobody; without this, nobody would ever know.
            told = f"what {where(self._url)} answered is no answer to this request"
            asyncio.get_running_loop().call_later(AFTERTHOUGHT, self._exchange.fail, HttpFailure(Kind.NOT_MCP, told))

    def _broken(self, reason: HttpFailure) -> None:
        # A stream of events can sometimes be taken up where it broke off: the SDK knows, and says so if not.
        if self._is_events:
            self._exchange.broken = reason
        else:
            self._exchange.fail(reason)
