"""Error messages for every failure that httpx2 and servers can report."""

from __future__ import annotations

import asyncio
import errno
import json

import anyio
import httpx2
import pytest

from mcpstore.errors import (
    AuthRequired,
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    NotReady,
    ServiceBusy,
    ServiceError,
)
from mcpstore.wire.exception_tree import causes, leaves
from mcpstore.wire.http.client import SessionClient
from mcpstore.wire.http.failures import of_exception, of_refusal, where
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.streamable import streamable_http
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight, current_exchange
from wire.http_world import Fake, Notifications, a_peer, answer, modern, refusal, reply

URL = httpx2.URL("https://user:hunter2hunter2@host.example/mcp?key=hunter2hunter2")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (httpx2.ConnectTimeout(""), Kind.TOO_SLOW, "no connection to host.example:443 in time"),
        (httpx2.PoolTimeout(""), Kind.TOO_SLOW, "no connection to host.example:443 in time"),
        (
            httpx2.ProxyError("403 Forbidden"),
            Kind.UNREACHED,
            "the proxy does not lead to host.example:443 (403 Forbidden)",
        ),
        (httpx2.ConnectError("odd"), Kind.UNREACHED, "host.example:443 cannot be reached (odd)"),
        (httpx2.UnsupportedProtocol("x"), Kind.UNREACHED, "host.example:443: not an address for HTTP"),
        (httpx2.ReadTimeout(""), Kind.BROKEN, "host.example:443 did not answer in time"),
        (httpx2.WriteTimeout(""), Kind.BROKEN, "host.example:443 did not answer in time"),
        (httpx2.RemoteProtocolError("cut"), Kind.BROKEN, "host.example:443 broke off its answer"),
        (httpx2.DecodingError("gzip"), Kind.BROKEN, "host.example:443 broke off its answer"),
        (httpx2.ReadError("reset"), Kind.BROKEN, "the connection to host.example:443 broke (reset)"),
        (httpx2.ReadError(""), Kind.BROKEN, "the connection to host.example:443 broke (ReadError)"),
    ],
)
def test_every_exception_has_its_message(error, kind, message):
    failure = of_exception(error, URL)
    assert failure.kind is kind
    assert str(failure).startswith(message)
    assert "hunter2" not in str(failure)


def test_the_cause_of_a_failed_connection_is_the_innermost_exception():
    unreachable = OSError(errno.EHOSTUNREACH, "No route to host")
    error = httpx2.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__cause__ = ExceptionGroup("several addresses", [unreachable, ConnectionRefusedError("no")])
    assert str(of_exception(error, URL)).startswith("host.example:443 cannot be reached (No route to host)")


def test_groups_and_causes_are_unwrapped():
    root, top = ValueError("root"), KeyError("top")
    top.__cause__ = ExceptionGroup("g", [ExceptionGroup("h", [root]), TypeError("second")])
    assert [type(cause) for cause in causes(top)] == [ValueError, TypeError, KeyError]
    assert leaves(top.__cause__)[0] is root
    assert leaves(root) == [root]
    root.__context__ = ExceptionGroup("tied in a knot", [root])
    assert causes(root) == [root]


def test_addresses_are_named_by_host_and_port():
    assert where(httpx2.URL("http://host/")) == "host:80"
    assert where(httpx2.URL("http://[::1]:8000/")) == "[::1]:8000"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[" * 100_000,
        b"null",
        b"[]",
        b"{}",
        b'{"error": "text"}',
        b'{"error": {}}',
        b'{"error": {"code": true, "message": "m"}}',
        b'{"error": {"code": "1", "message": "m"}}',
        b'{"error": {"code": 1, "message": 2}}',
        b'{"error": {"code": 1}}',
        b"\xff",
    ],
)
def test_json_that_is_not_json_rpc_is_reported_by_its_status_only(body):
    failure = of_refusal(response(500, body, content_type="application/json"), body)
    assert isinstance(failure, HttpFailure)
    assert str(failure) == "https://host.example/mcp?key=*** answered 500 Internal Server Error"


def response(status: int, body: bytes = b"", content_type: str = "", **headers: str) -> httpx2.Response:
    request = httpx2.Request("POST", URL, headers={"mcp-session-id": "s1"} if headers.pop("session", "") else {})
    return httpx2.Response(status, content=body, headers={"content-type": content_type, **headers}, request=request)


@pytest.mark.parametrize(
    ("code", "text", "lost"),
    [
        (-32000, "Bad Request: No valid session ID provided", True),
        (-32600, "Session not found", True),
        (-32602, "session: field required", False),
        (-32000, "the database is away", False),
    ],
)
def test_the_refusal_of_a_session_differs_from_the_refusal_of_a_request(code, text, lost):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": text}}).encode()
    failure = of_refusal(response(400, body, "application/json"), body, has_session=True)
    assert isinstance(failure, HttpFailure if lost else ServiceError)
    assert of_refusal(response(400, body, "application/json"), body, has_session=False).args


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_some_statuses_take_precedence_over_the_error_in_the_body(status):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "no"}}).encode()
    failure = of_refusal(response(status, body, "application/json"), body)
    assert isinstance(failure, HttpFailure)
    assert failure.status == status


def test_a_plain_text_refusal_of_a_session_is_recognised():
    failure = of_refusal(response(400), b"No transport found for sessionId", has_session=True)
    assert isinstance(failure, HttpFailure)
    assert failure.session_lost


@pytest.mark.parametrize(
    ("failure", "at_connect", "in_call"),
    [
        (HttpFailure(Kind.UNREACHED, "x"), NotReady, ConnectionLost),
        (HttpFailure(Kind.TOO_SLOW, "x"), ConnectTimeout, ConnectionLost),
        (HttpFailure(Kind.BROKEN, "x"), NotReady, ConnectionLost),
        (HttpFailure(Kind.NOT_MCP, "x"), NotReady, ServiceError),
        (HttpFailure(Kind.TOO_LONG, "x"), NotReady, ServiceError),
        (HttpFailure.refused("x", 401), AuthRequired, ServiceError),
        (HttpFailure.refused("x", 403), AuthRequired, ServiceError),
        (HttpFailure.refused("x", 404), NotReady, ServiceError),
        (HttpFailure.refused("x", 405), ConnectRefused, ServiceError),
        (HttpFailure.refused("x", 407), ConnectRefused, ServiceError),
        (HttpFailure.refused("x", 410), ConnectRefused, ServiceError),
        (HttpFailure.refused("x", 429), NotReady, ServiceBusy),
        (HttpFailure.refused("x", 500), NotReady, ServiceError),
        (HttpFailure.refused("x", 502), NotReady, ConnectionLost),
        (HttpFailure.refused("x", 503), NotReady, ConnectionLost),
        (HttpFailure.refused("x", 503, retry_after=1), NotReady, ServiceBusy),
        (HttpFailure.refused("x", 504), NotReady, ConnectionLost),
        (HttpFailure.redirected("y", 302), NotReady, ServiceError),
    ],
)
def test_a_failure_during_connect_differs_from_the_same_failure_of_a_call(failure, at_connect, in_call):
    assert type(failure.at_connect()) is at_connect
    assert type(failure.in_call()) is in_call


async def test_only_the_beginning_of_a_refusal_is_read():
    async def endless(request):
        response = modern(request)
        if response is not None:
            return response
        writer = fake.writers[-1]
        writer.write(b"HTTP/1.1 500 X\r\nContent-Length: 1000000000\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            await writer.drain()
            await asyncio.sleep(0)
        return None

    with anyio.fail_after(20):
        async with Fake(endless) as fake, streamable_http(HttpSettings(url=fake.url), a_peer()) as connection:
            with pytest.raises(ServiceError, match="answered 500"):
                await connection.request("any")


async def test_a_truncated_refusal_is_a_refusal():
    def handle(request):
        return modern(request) or reply(429, "x" * 100)[:-50]

    with anyio.fail_after(20):
        async with Fake(handle) as fake, streamable_http(HttpSettings(url=fake.url), a_peer()) as connection:
            with pytest.raises(ServiceBusy):
                await connection.request("any")


# --- redirects that are followed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "there", "stays"),
    [
        ("http://host/mcp", "/mcp/", True),
        ("http://host/mcp", "http://host:80/mcp/", True),
        ("http://host/mcp", "https://host/mcp", True),
        ("https://host/mcp", "http://host/mcp", False),
        ("http://host:8000/mcp", "https://host:8000/mcp", False),
        ("http://host/mcp", "http://other/mcp", False),
        ("http://host/mcp", "http://host:81/mcp", False),
        ("http://host/mcp", "http://me:pw@host/mcp", False),
        ("http://me:pw@host/mcp", "/mcp/", True),
    ],
)
async def test_redirects_are_followed_within_the_origin_only(here, there, stays):
    asked: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(307, headers={"location": there}) if len(asked) == 1 else httpx2.Response(200)

    async with SessionClient(a_peer(), answers_inline=False, transport=httpx2.MockTransport(handle)) as client:
        answered = await client.send_within_origin(client.build_request("POST", here))
        await answered.aclose()
    assert len(asked) == (2 if stays else 1)
    assert answered.status_code == (200 if stays else 307)


async def test_a_redirect_that_would_lose_the_message_is_not_followed():
    def handle(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(302, headers={"location": "/elsewhere"})

    async with SessionClient(a_peer(), answers_inline=False, transport=httpx2.MockTransport(handle)) as client:
        answered = await client.send_within_origin(client.build_request("POST", "http://host/mcp"))
    assert answered.status_code == 302


async def test_a_message_that_is_cancelled_before_it_is_sent_is_not_sent():
    class Line:
        def lost_session(self) -> None: ...
        def resumed(self) -> None: ...

    sent: list[httpx2.Request] = []

    async def handle(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        sent.append(request)
        return httpx2.Response(200)

    exchange = InFlight(Line(), [].append)
    exchange.abandon()
    async with SessionClient(a_peer(), answers_inline=True, transport=httpx2.MockTransport(handle)) as client:
        token = current_exchange.set(exchange)
        try:
            answered = await client.send(client.build_request("POST", "http://host/mcp"), stream=True)
        finally:
            current_exchange.reset(token)
    assert answered.status_code == 202
    assert sent == []


async def test_proxies_of_the_environment_are_used(monkeypatch):
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with Fake(lambda request: modern(request) or answer(request)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with streamable_http(
            HttpSettings(url="http://far.away.invalid/mcp"), a_peer(Notifications())
        ) as connection:
            assert await connection.request("any") == {}
    assert proxy.got[0].path == "http://far.away.invalid/mcp"


async def test_an_error_of_a_modern_server_keeps_its_message_with_any_status():
    def handle(request):
        return modern(request) or refusal(request, -32020, "Mcp-Name: says something else", status=400)

    async with Fake(handle) as fake, streamable_http(HttpSettings(url=fake.url), a_peer()) as connection:
        with pytest.raises(ServiceError, match="Mcp-Name: says something else"):
            await connection.request("tools/call", {"name": "a"})
