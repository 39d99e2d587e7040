"""The HTTP client of one session.

The SDK's HTTP transports end with the first exception that reaches them, and with them every call under way and the
session. So none reaches them: what happens to a message is told to whoever sent it, and the transport is given an
empty answer. (The way of the SDK, as of 2.3.0, to say that a request will not be answered inline is 202.)
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import httpx2

from mcpstore.errors import ServiceError
from mcpstore.hooks.connection import ClientEndpoint
from mcpstore.models.redaction import masked_url
from mcpstore.wire.http.failures import SESSION_HEADER, content_kind, of_exception, of_refusal, retry_after
from mcpstore.wire.http.notification_stream import NotificationStream
from mcpstore.wire.http.response_body import ResponseBody
from mcpstore.wire.http.tcp_keepalive import enable_keepalive
from mcpstore.wire.message import error_text
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight, current_exchange

__all__ = ["LIMITS", "SessionClient"]

NOTICE_PATIENCE: Final = 5.0
"""Seconds a server has to accept a message that it does not answer; everything sent after it waits for that."""

FAREWELL_PATIENCE: Final = 1.0
"""Seconds a server has to accept the end of a session."""

WRITE_PATIENCE: Final = 30.0
"""Seconds a server may not read on while a message is written to it."""

KEEP_ALIVE: Final = 4.0
"""Seconds an idle HTTP connection is kept. uvicorn and Node end theirs after 5 s; what is sent just then is lost."""

MAX_CONNECTIONS: Final = 256
"""HTTP connections of one session; each request under way needs one, more requests wait."""

LIMITS: Final = httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE)

MAX_REDIRECTS: Final = 5
"""Times a message is sent on within the same origin."""

_ERROR_BODY: Final = 64 * 1024
"""Bytes of an answer of refusal that are looked at."""


class SessionClient(httpx2.AsyncClient):
    """Sends the messages of one session, and lets nothing that happens to one of them end the session.

    Args:
        peer: Our side of the wire.
        answers_inline: Whether the answer to a request comes as the answer of HTTP, not on a stream of its own.
        options: Everything else goes to httpx2.
    """

    def __init__(self, peer: ClientEndpoint, *, answers_inline: bool, **options: Any) -> None:
        super().__init__(
            # A result may take as long as whoever waits for it likes; what happens meanwhile has other deadlines.
            timeout=httpx2.Timeout(connect=peer.connect_timeout, read=None, write=WRITE_PATIENCE, pool=None),
            limits=LIMITS,
            max_redirects=MAX_REDIRECTS,
            **options,
        )
        self._peer: Final = peer
        self._answers_inline: Final = answers_inline
        self._says_who: Final = bool(options.get("auth") or options.get("headers"))
        self._news: Final = NotificationStream()
        self._session_lost = False
        self._proof = ""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request of HTTP; see `httpx2.AsyncClient.send`."""
        if request.method == "DELETE":
            return await self._part(request, options)
        exchange = current_exchange.get()
        if exchange is None:  # the opening of a channel: whoever opens it hears of everything first hand
            return await super().send(request, **options)
        if request.method == "GET" and not exchange.is_request:
            return await self._listen(exchange, request, options)
        return await self._carry(exchange, request, options)

    async def send_within_origin(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, follow redirects within its origin, and return the answer with its body not yet read.

        Neither the message nor our secrets are meant for anybody else. The rule is the SDK's
        (`mcp.shared._httpx_utils`).
        """
        hops = 0
        while True:
            response = await self.send(request, stream=True, follow_redirects=False)
            onward = response.next_request
            if onward is None or onward.method != request.method or not _stays(request.url, onward.url):
                return response
            if (hops := hops + 1) > self.max_redirects:
                return response
            await response.aclose()
            request = onward

    async def refusal(self, response: httpx2.Response) -> HttpFailure | ServiceError:
        """Return what an answer of refusal means, and close it."""
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ERROR_BODY:
                    break
        except httpx2.HTTPError:
            pass  # the status says enough
        finally:
            await response.aclose()
        other = "sse" if self._answers_inline else "streamable_http"
        request = response.request
        has_session = SESSION_HEADER in request.headers or (request.method == "POST" and not self._answers_inline)
        failure = of_refusal(response, bytes(body), known=self._says_who, other=other, has_session=has_session)
        self._session_lost |= isinstance(failure, HttpFailure) and failure.session_lost
        return failure

    async def _carry(self, exchange: InFlight, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        if not exchange.is_request:
            request.extensions["timeout"] = {**request.extensions["timeout"], "read": NOTICE_PATIENCE}
        try:
            with exchange.abandonable():
                response = await super().send(request, **options)
                self._note_proof(request)
                exchange.redirected = response.status_code if response.has_redirect_location else None
                if response.status_code >= HTTPStatus.BAD_REQUEST:
                    exchange.fail(await self.refusal(response))
                    return _nothing(request)
                if self._is_alien(exchange, response):
                    await response.aclose()
                    got = f"{masked_url(str(request.url))} answered with {content_kind(response) or 'nothing'}"
                    exchange.fail(HttpFailure(Kind.NOT_MCP, f"{got}: that is no MCP endpoint; correct url"))
                    return _nothing(request)
                if content_kind(response) == "text/event-stream":
                    enable_keepalive(response)
                if self._answers_inline and response.is_success:
                    response.stream = ResponseBody(response, exchange, self._peer.max_frame)
                return response
        except Exception as error:  # noqa: BLE001 - see above: none may reach the SDK
            exchange.fail(self.failure(error, request))
        return _nothing(request)  # also where the message was abandoned

    def _note_proof(self, request: httpx2.Request) -> None:
        """Tell of the token that a login by browser brought: the server may repeat it in an error."""
        proof = request.headers.get("authorization", "")
        if self.auth is not None and proof != self._proof:
            self._proof = proof
            self._peer.on_secret(proof.partition(" ")[2])

    async def _listen(self, exchange: InFlight, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        """Open the stream on which a server of the legacy era tells news."""
        while True:
            await self._news.turn()
            try:
                response = await super().send(request, **options)
            except httpx2.TransportError:
                continue  # the server is away; whether it comes back is for the health check to find out
            if response.status_code in _COMING_BACK:
                self._news.wait(retry_after(response.headers) or 0.0)
                await response.aclose()
                continue
            break
        if response.is_success:
            enable_keepalive(response)
            self._news.opened(response, exchange)
            return response
        self._news.declined()
        if response.status_code == HTTPStatus.NOT_FOUND and SESSION_HEADER in request.headers:
            self._session_lost = True
            exchange.line.lost_session()
        return response

    async def _part(self, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        """Tell the server that the session is over, if it still is there and nobody is in a hurry."""
        if not self._session_lost and not self._peer.closing.forced.is_set():
            try:
                async with asyncio.timeout(FAREWELL_PATIENCE):
                    return await super().send(request, **options)
            except (httpx2.HTTPError, TimeoutError):
                pass
        return httpx2.Response(HTTPStatus.NO_CONTENT, request=request)

    def _is_alien(self, exchange: InFlight, response: httpx2.Response) -> bool:
        if not (self._answers_inline and exchange.is_request and response.status_code == HTTPStatus.OK):
            return False
        return content_kind(response) not in ("application/json", "text/event-stream")

    def failure(self, error: Exception, request: httpx2.Request) -> HttpFailure:
        """Return what an exception means that kept a request from being sent or answered."""
        if self.auth is None or isinstance(error, httpx2.HTTPError):
            return of_exception(error, request.url)
        return HttpFailure(Kind.LOGIN, f"needs login: the login failed ({error_text(error)})")


_COMING_BACK: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


def _stays(here: httpx2.URL, there: httpx2.URL) -> bool:
    if there.userinfo and there.userinfo != here.userinfo:
        return False
    if (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port):
        return True
    upgraded = (here.scheme, there.scheme) == ("http", "https") and here.port is None and there.port is None
    return upgraded and here.host == there.host


def _nothing(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(HTTPStatus.ACCEPTED, request=request)
