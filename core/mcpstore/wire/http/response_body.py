"""Body of an HTTP response, passed to the SDK without exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx2

from mcpstore.wire.http.failures import content_kind, of_exception, where
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight

__all__ = ["ResponseBody"]

ANSWER_GRACE: Final = 0.5
"""Seconds between the end of a body and the failure of an unanswered request; the SDK delivers the answer meanwhile."""


class ResponseBody(httpx2.AsyncByteStream):
    """Body that reports failures to its message instead of raising them.

    Args:
        response: The response.
        exchange: The message that it answers.
        limit: Maximal size of a JSON body, in bytes; a stream of events has a limit for each event instead.
    """

    def __init__(self, response: httpx2.Response, exchange: InFlight, limit: int) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - used by async clients only
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
                self._fail(of_exception(error, self._url))
                return
            if scope.cancelled_caught:
                return
            size += len(chunk)
            if size > self._limit and not self._is_events:
                problem = f"the answer of {where(self._url)} is longer than {self._limit} bytes; ask for less at a time"
                self._exchange.fail(HttpFailure(Kind.TOO_LONG, problem))
                return
            yield chunk

    async def aclose(self) -> None:
        """Close the body; fail the request if the body did not answer it."""
        await self._body.aclose()
        if self._exchange.is_request and not self._is_events:
            # An answer with the id of another request is dropped; without this failure, the request would hang.
            problem = f"what {where(self._url)} answered is no answer to this request"
            asyncio.get_running_loop().call_later(ANSWER_GRACE, self._exchange.fail, HttpFailure(Kind.NOT_MCP, problem))

    def _fail(self, reason: HttpFailure) -> None:
        # A stream of events can sometimes be resumed: the SDK tries, and reports it if that fails.
        if self._is_events:
            self._exchange.broken = reason
        else:
            self._exchange.fail(reason)
