"""HTTP client of one session.

An exception in the SDK's HTTP transport ends the session with all its calls. So this client raises none: a failure is
reported to the sender of the message, and the transport gets an empty response with status 202, which means to the SDK
(2.3.0) that the answer does not come inline.
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

NOTIFICATION_TIMEOUT: Final = 5.0
"""Seconds for the server to accept a notification; later messages wait for that."""

SESSION_END_TIMEOUT: Final = 1.0
"""Seconds for the server to accept the end of a session."""

WRITE_TIMEOUT: Final = 30.0
"""Seconds that a write of a message may be blocked."""

KEEP_ALIVE: Final = 4.0
"""Seconds an idle HTTP connection is kept; uvicorn and Node close theirs after 5 s, and may lose a request then."""

MAX_CONNECTIONS: Final = 256
"""HTTP connections of a session; each request in flight needs one, further requests wait."""

LIMITS: Final = httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE)

MAX_REDIRECTS: Final = 5
"""Redirects of a message that are followed, within the same origin."""

_ERROR_BODY: Final = 64 * 1024
"""Bytes of an error response that are read."""


class SessionClient(httpx2.AsyncClient):
    """Client that sends the messages of one session; the failure of one message does not end the session.

    Args:
        peer: Client side of the connection.
        answers_inline: Whether the HTTP response contains the answer, instead of a separate stream.
        options: Other arguments of `httpx2.AsyncClient`.
    """

    def __init__(self, peer: ClientEndpoint, *, answers_inline: bool, **options: Any) -> None:
        super().__init__(
            # No read timeout: a result may take as long as the caller waits; the call has its own deadline.
            timeout=httpx2.Timeout(connect=peer.connect_timeout, read=None, write=WRITE_TIMEOUT, pool=None),
            limits=LIMITS,
            max_redirects=MAX_REDIRECTS,
            **options,
        )
        self._peer: Final = peer
        self._answers_inline: Final = answers_inline
        self._has_credentials: Final = bool(options.get("auth") or options.get("headers"))
        self._notifications: Final = NotificationStream()
        self._session_lost = False
        self._authorization = ""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send an HTTP request; see `httpx2.AsyncClient.send`."""
        if request.method == "DELETE":
            return await self._end_session(request, options)
        exchange = current_exchange.get()
        if exchange is None:  # a channel is being opened: its caller handles all exceptions
            return await super().send(request, **options)
        if request.method == "GET" and not exchange.is_request:
            return await self._listen(exchange, request, options)
        return await self._carry(exchange, request, options)

    async def send_within_origin(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, follow redirects within its origin, and return the response with its body unread.

        Another origin must get neither the message nor the secrets. The rule is that of the SDK
        (`mcp.shared._httpx_utils`).
        """
        hops = 0
        while True:
            response = await self.send(request, stream=True, follow_redirects=False)
            onward = response.next_request
            if onward is None or onward.method != request.method or not _is_same_origin(request.url, onward.url):
                return response
            if (hops := hops + 1) > self.max_redirects:
                return response
            await response.aclose()
            request = onward

    async def refusal(self, response: httpx2.Response) -> HttpFailure | ServiceError:
        """Return the failure that an error response means, and close the response."""
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ERROR_BODY:
                    break
        except httpx2.HTTPError:
            pass  # the status is enough
        finally:
            await response.aclose()
        other = "sse" if self._answers_inline else "streamable_http"
        request = response.request
        has_session = SESSION_HEADER in request.headers or (request.method == "POST" and not self._answers_inline)
        failure = of_refusal(response, bytes(body), known=self._has_credentials, other=other, has_session=has_session)
        self._session_lost |= isinstance(failure, HttpFailure) and failure.session_lost
        return failure

    async def _carry(self, exchange: InFlight, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        if not exchange.is_request:
            request.extensions["timeout"] = {**request.extensions["timeout"], "read": NOTIFICATION_TIMEOUT}
        try:
            with exchange.abandonable():
                response = await super().send(request, **options)
                self._report_token(request)
                exchange.redirected = response.status_code if response.has_redirect_location else None
                if response.status_code >= HTTPStatus.BAD_REQUEST:
                    exchange.fail(await self.refusal(response))
                    return _empty_response(request)
                if self._is_not_mcp(exchange, response):
                    await response.aclose()
                    answer = f"{masked_url(str(request.url))} answered with {content_kind(response) or 'nothing'}"
                    exchange.fail(HttpFailure(Kind.NOT_MCP, f"{answer}: that is no MCP endpoint; correct url"))
                    return _empty_response(request)
                if content_kind(response) == "text/event-stream":
                    enable_keepalive(response)
                if self._answers_inline and response.is_success:
                    response.stream = ResponseBody(response, exchange, self._peer.max_frame)
                return response
        except Exception as error:  # noqa: BLE001 - an exception would end the SDK's transport
            exchange.fail(self.failure(error, request))
        return _empty_response(request)  # also if the message was abandoned

    def _report_token(self, request: httpx2.Request) -> None:
        """Register the token of an OAuth login as a secret: the server may repeat it in an error."""
        proof = request.headers.get("authorization", "")
        if self.auth is not None and proof != self._authorization:
            self._authorization = proof
            self._peer.on_secret(proof.partition(" ")[2])

    async def _listen(self, exchange: InFlight, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        """Open the notification stream of a server of the legacy era."""
        while True:
            await self._notifications.wait_turn()
            try:
                response = await super().send(request, **options)
            except httpx2.TransportError:
                continue  # the server is unreachable; the health check decides when that is a failure
            if response.status_code in _TEMPORARY:
                self._notifications.delay(retry_after(response.headers) or 0.0)
                await response.aclose()
                continue
            break
        if response.is_success:
            enable_keepalive(response)
            self._notifications.opened(response, exchange)
            return response
        self._notifications.declined()
        if response.status_code == HTTPStatus.NOT_FOUND and SESSION_HEADER in request.headers:
            self._session_lost = True
            exchange.session.lost_session()
        return response

    async def _end_session(self, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        """Tell the server that the session is over, unless it is lost or the close is forced."""
        if not self._session_lost and not self._peer.closing.forced.is_set():
            try:
                async with asyncio.timeout(SESSION_END_TIMEOUT):
                    return await super().send(request, **options)
            except (httpx2.HTTPError, TimeoutError):
                pass
        return httpx2.Response(HTTPStatus.NO_CONTENT, request=request)

    def _is_not_mcp(self, exchange: InFlight, response: httpx2.Response) -> bool:
        if not (self._answers_inline and exchange.is_request and response.status_code == HTTPStatus.OK):
            return False
        return content_kind(response) not in ("application/json", "text/event-stream")

    def failure(self, error: Exception, request: httpx2.Request) -> HttpFailure:
        """Return the failure that an exception of a request means."""
        if self.auth is None or isinstance(error, httpx2.HTTPError):
            return of_exception(error, request.url)
        return HttpFailure(Kind.LOGIN, f"needs login: the login failed ({error_text(error)})")


_TEMPORARY: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


def _is_same_origin(here: httpx2.URL, there: httpx2.URL) -> bool:
    if there.userinfo and there.userinfo != here.userinfo:
        return False
    if (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port):
        return True
    upgraded = (here.scheme, there.scheme) == ("http", "https") and here.port is None and there.port is None
    return upgraded and here.host == there.host


def _empty_response(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(HTTPStatus.ACCEPTED, request=request)
