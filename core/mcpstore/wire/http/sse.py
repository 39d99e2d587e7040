"""Connections over HTTP with server-sent events (protocol 2024-11-05): answers come on a separate stream.

The SDK's transport is not used: it reads no event of more than 1 MiB, and ends when a message cannot be posted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import anyio
import attrs
import httpx2
from anyio.abc import TaskGroup

from mcpstore.errors import ServiceError
from mcpstore.hooks.connection import ClientEndpoint, Era
from mcpstore.models.redaction import masked_url
from mcpstore.wire.http.client import SessionClient
from mcpstore.wire.http.client_factory import session_client
from mcpstore.wire.http.failures import content_kind, of_exception, where
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.tcp_keepalive import enable_keepalive
from mcpstore.wire.message import decode
from mcpstore.wire.messages.channel import Channel, Receiver
from mcpstore.wire.messages.connection import RelayedConnection, relayed
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight, current_exchange
from mcpstore.wire.sdk_logging import silence_sdk_logging

__all__ = ["sse"]

_ACKNOWLEDGEMENT: Final = 64 * 1024
"""Bytes that are read of the response to a post; reading it frees the HTTP connection."""


@asynccontextmanager
async def sse(settings: HttpSettings, peer: ClientEndpoint) -> AsyncGenerator[RelayedConnection]:
    """Connect to a service by server-sent events; see `relayed`.

    Args:
        settings: Settings of the service.
        peer: Client side of the connection.
    """
    # This transport has no modern era, although some servers announce it.
    peer = attrs.evolve(peer, era=Era.LEGACY)

    @asynccontextmanager
    async def open_channel() -> AsyncGenerator[Channel]:
        silence_sdk_logging()
        async with (
            await session_client(settings, peer, answers_inline=False) as client,
            _stream(client, settings.url) as response,
            aclosing(_events(response, peer.max_frame)) as events,
            anyio.create_task_group() as group,
        ):
            try:
                yield SseChannel(client, events, await _endpoint(events, response.url), group)
            finally:
                group.cancel_scope.cancel()

    async with relayed(open_channel, peer) as connection:
        yield connection


class SseChannel:
    """Channel that posts messages to an endpoint and receives messages on a stream.

    Args:
        client: HTTP client of the session.
        events: Events of the stream.
        endpoint: URL to post to.
        group: Runs the posts: a server may answer on the stream before it accepts the post.
    """

    def __init__(
        self,
        client: SessionClient,
        events: AsyncIterator[httpx2.ServerSentEvent],
        endpoint: httpx2.URL,
        group: TaskGroup,
    ) -> None:
        self._client: Final = client
        self._events: Final = events
        self._endpoint: Final = endpoint
        self._group: Final = group

    async def send(self, message: dict[str, Any], data: bytes, exchange: InFlight) -> None:  # noqa: ARG002 - as bytes
        """Post a message; failures are reported to the exchange."""
        if exchange.is_request:
            self._group.start_soon(self._post, data, exchange)
        else:  # a notification must arrive before the next request
            await self._post(data, exchange)

    async def receive_into(self, receiver: Receiver) -> str:
        """Deliver what arrives until the stream ends, and return why it did."""
        place = where(self._endpoint)
        try:
            async for event in self._events:
                if event.event == "message" and event.data:
                    _deliver(event.data.encode(), receiver)
        except httpx2.HTTPError as error:
            return str(of_exception(error, self._endpoint))
        return f"{place} ended the stream of events"

    async def _post(self, data: bytes, exchange: InFlight) -> None:
        request = self._client.build_request(
            "POST", self._endpoint, content=data, headers={"Content-Type": "application/json"}
        )
        token = current_exchange.set(exchange)
        try:
            response = await self._client.send_within_origin(request)
        finally:
            current_exchange.reset(token)
        if exchange.redirected is not None and response.next_request is not None:
            exchange.fail(_redirected(response))
        size = 0
        try:
            with exchange.abandonable():
                async for chunk in response.aiter_bytes():
                    size += len(chunk)
                    if size > _ACKNOWLEDGEMENT:
                        break
        except httpx2.HTTPError:
            pass  # the message was accepted; the answer comes on the stream
        finally:
            await response.aclose()


@asynccontextmanager
async def _stream(client: SessionClient, url: str) -> AsyncGenerator[httpx2.Response]:
    request = client.build_request("GET", url, headers={"Accept": "text/event-stream", "Cache-Control": "no-store"})
    try:
        response = await client.send_within_origin(request)
    except Exception as error:
        raise client.failure(error, request) from error
    try:
        if response.next_request is not None:
            raise _redirected(response)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            raise _no_stream(await client.refusal(response), masked_url(url), response.status_code)
        if content_kind(response) != "text/event-stream":
            answer = f"{masked_url(url)} answered with {content_kind(response) or 'nothing'}"
            raise HttpFailure(
                Kind.NOT_MCP, f"{answer}: there is no stream of events; correct url, or try streamable_http"
            )
        enable_keepalive(response)
        yield response
    finally:
        await response.aclose()


async def _events(response: httpx2.Response, limit: int) -> AsyncGenerator[httpx2.ServerSentEvent]:
    async for event in httpx2.EventSource(response, max_event_size=limit):
        yield event


async def _endpoint(events: AsyncIterator[httpx2.ServerSentEvent], base: httpx2.URL) -> httpx2.URL:
    """Return the URL to post to, which the first event names."""
    try:
        async for event in events:
            if event.event == "endpoint":
                endpoint = base.join(event.data)
                if (endpoint.scheme, endpoint.host, endpoint.port) == (base.scheme, base.host, base.port):
                    return endpoint
                # Following it would send messages and secrets to a server of an attacker's choice.
                problem = f"{where(base)} wants its messages sent to {where(endpoint)}, which is another origin"
                remedy = "set url to an address of that server if it is the right one"
                raise HttpFailure(Kind.NOT_MCP, f"{problem}; {remedy}")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise of_exception(error, base) from error
    raise HttpFailure(Kind.NOT_MCP, f"{where(base)} ended the stream without saying where to send messages; try again")


def _no_stream(refusal: HttpFailure | ServiceError, place: str, status: int) -> HttpFailure:
    if isinstance(refusal, HttpFailure):
        return refusal
    # A JSON-RPC error means that the server speaks MCP, but not over this transport.
    return HttpFailure(Kind.STATUS, f"{place} answered {refusal.message!r}; try streamable_http", status=status)


def _deliver(data: bytes, receiver: Receiver) -> None:
    message = decode(data)
    if isinstance(message, dict):
        receiver.take(message)
    else:
        receiver.feed(data.replace(b"\n", b" ") + b"\n")


def _redirected(response: httpx2.Response) -> HttpFailure:
    onward = response.next_request
    return HttpFailure.redirected(
        masked_url(str(onward.url)) if onward is not None else "nowhere", response.status_code
    )
