"""A failure of one message of an open session affects only that message."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from mcpstore.errors import CallError, CallTimeout, ConnectionLost, ServiceBusy, ServiceError
from mcpstore.hooks import Connection, Era
from mcpstore.wire.http import client as http_client
from mcpstore.wire.http import failures
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.streamable import streamable_http
from mcpstore.wire.messages import send_queue
from wire.http_world import Fake, Notifications, Request, a_peer, answer, legacy, modern, refusal, reply, until

ERAS = pytest.mark.parametrize("handshake", [legacy, modern])


@contextlib.asynccontextmanager
async def opened(
    handle: Callable[[Request], Any], handshake: Callable[[Request], Any] = modern, **options: Any
) -> AsyncIterator[tuple[Connection, Fake]]:
    def full(request: Request) -> Any:
        response = handshake(request)
        return response if response is not None else handle(request)

    era = Era.LEGACY if handshake is legacy else Era.MODERN
    async with Fake(full) as fake:
        with anyio.fail_after(30):
            async with streamable_http(HttpSettings(url=fake.url), a_peer(era=era, **options)) as connection:
                yield connection, fake


async def failing(response: Any, handshake: Callable[[Request], Any] = modern) -> CallError:
    """Return the error of a call with this answer, after a check that the next call succeeds."""
    answers = iter([response])

    def handle(request: Request) -> Any:
        response = next(answers, answer(request, {"content": []}))
        return response(request) if callable(response) else response

    async with opened(handle, handshake) as (connection, _):
        with pytest.raises(CallError) as caught:
            await connection.request("tools/call", {"name": "a"}, timeout=10)
        assert await connection.request("tools/call", {"name": "b"}, timeout=10) == {"content": []}
    return caught.value


@ERAS
async def test_expired_credentials_are_an_error_of_the_call(handshake):
    for status in (401, 403):
        error = await failing(reply(status), handshake)
        assert isinstance(error, ServiceError)
        assert "needs login" in error.message
        assert error.data == {"httpStatus": status}


@ERAS
async def test_the_error_of_a_busy_server_has_its_retry_after(handshake):
    for status in (429, 503):
        error = await failing(reply(status, Retry_After="3"), handshake)
        assert isinstance(error, ServiceBusy)
        assert error.retry_after == 3
    error = await failing(reply(429), handshake)
    assert isinstance(error, ServiceBusy)
    assert error.retry_after is None


@ERAS
async def test_a_gateway_error_leaves_the_outcome_unknown(handshake):
    for status in (502, 503, 504):
        error = await failing(reply(status), handshake)
        assert isinstance(error, ConnectionLost)
        assert "whether the request took effect is unknown" in str(error)


@ERAS
async def test_other_statuses_are_errors_of_the_service(handshake):
    for status in (400, 404, 413, 418, 500):
        error = await failing(reply(status, "<h1>no</h1>", Content_Type="text/html"), handshake)
        assert type(error) is ServiceError
        assert f"answered {status}" in str(error)


@ERAS
async def test_a_json_rpc_error_is_reported_unchanged_with_any_status(handshake):
    for status in (200, 400, 404, 500):
        error = await failing(
            lambda request, s=status: refusal(request, -32042, "look", status=s, data={"a": 1}), handshake
        )
        assert isinstance(error, ServiceError)
        assert (error.code, error.message, error.data) == (-32042, "look", {"a": 1})


@ERAS
async def test_a_closed_connection_leaves_the_outcome_unknown(handshake):
    error = await failing(lambda _: None, handshake)
    assert isinstance(error, ConnectionLost)
    assert "whether the request took effect is unknown" in str(error)


@ERAS
async def test_a_truncated_answer_leaves_the_outcome_unknown(handshake):
    def broken(request: Request) -> bytes:
        return answer(request, {"content": "x" * 100})[:-50]

    error = await failing(broken, handshake)
    assert isinstance(error, ConnectionLost)


def events(*messages: Any, event_id: str = "", complete: bool = False) -> bytes:
    body = "".join((f"id: {event_id}\n" if event_id else "") + f"data: {json.dumps(m)}\n\n" for m in messages)
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    length = f"Content-Length: {len(body)}\r\n" if complete else "Content-Length: 100000\r\n"
    return (head + length + "\r\n" + body).encode()


NEWS = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}


@ERAS
async def test_a_truncated_stream_without_an_answer_leaves_the_outcome_unknown(handshake):
    for complete in (False, True):
        error = await failing(events(NEWS, complete=complete), handshake)
        assert isinstance(error, ConnectionLost), error


async def test_a_resumable_stream_is_resumed():
    def handle(request: Request) -> bytes:
        if request.method == "GET":  # the SDK, with the id of the last event it saw
            assert request.headers["last-event-id"] == "e7"
            done = {"jsonrpc": "2.0", "id": 2, "result": {"content": ["in the end"]}}
            return events(done, complete=True)
        return events({**NEWS}, event_id="e7").replace(b"id: e7", b"retry: 10\nid: e7")

    def handshake(request: Request) -> bytes | None:
        return None if "last-event-id" in request.headers else legacy(request)

    async with Fake(lambda r: handshake(r) or handle(r)) as fake:
        peer = a_peer(era=Era.LEGACY)
        async with streamable_http(HttpSettings(url=fake.url), peer) as connection:
            result = await connection.request("tools/call", {"name": "a"}, timeout=10)
    assert result == {"content": ["in the end"]}


@ERAS
async def test_an_answer_to_another_request_is_an_error_of_the_call(handshake):
    other = {"jsonrpc": "2.0", "id": 4711, "result": {}}
    error = await failing(reply(200, json.dumps(other), Content_Type="application/json"), handshake)
    assert isinstance(error, ServiceError)
    assert "no answer to this request" in str(error)


@ERAS
async def test_an_answer_that_is_not_json_is_an_error_of_the_call(handshake):
    for body, kind in (("{", "application/json"), ("<html>", "text/html"), ("", "")):
        error = await failing(reply(200, body, Content_Type=kind), handshake)
        assert isinstance(error, ServiceError)


@ERAS
async def test_a_server_that_only_accepts_a_request_is_an_error_of_the_call(handshake):
    error = await failing(reply(202), handshake)
    assert isinstance(error, ServiceError)
    assert "202" in str(error)


async def test_a_redirect_during_a_session_is_not_followed_to_another_origin():
    error = await failing(reply(307, Location="http://other.example/mcp?key=hunter2hunter2"))
    assert isinstance(error, ServiceError)
    assert "was redirected to http://other.example/mcp" in str(error)
    assert "hunter2" not in str(error)


@ERAS
async def test_a_failed_call_does_not_affect_concurrent_calls(handshake):
    gates = {"slow": asyncio.Event()}

    async def handle(request: Request) -> bytes | None:
        if request.message["params"]["name"] == "bad":
            return None
        await gates["slow"].wait()
        return answer(request, {"content": ["slow"]})

    async with opened(handle, handshake) as (connection, fake), asyncio.TaskGroup() as group:
        slow = group.create_task(connection.request("tools/call", {"name": "slow"}, timeout=10))
        await until(lambda: fake.asked("tools/call"))
        with pytest.raises(ConnectionLost):
            await connection.request("tools/call", {"name": "bad"}, timeout=10)
        gates["slow"].set()
        assert await slow == {"content": ["slow"]}


@ERAS
async def test_one_broken_tool_does_not_hide_the_others(handshake):
    tools = [{"name": "good", "inputSchema": {"type": "object"}}, {"name": "odd", "inputSchema": {}}, {"name": 7}, "no"]
    async with opened(lambda request: answer(request, {"tools": tools, "more": "kept"}), handshake) as (connection, _):
        assert await connection.request("tools/list", timeout=10) == {"tools": tools, "more": "kept"}


async def test_an_abandoned_request_is_released_even_if_the_server_never_ends_it(monkeypatch):
    monkeypatch.setattr(send_queue, "CANCEL_GRACE", 0.05)
    gone = asyncio.Event()

    async def handle(request: Request) -> bytes | None:
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return None

    async with opened(handle, legacy) as (connection, fake):
        with pytest.raises(CallTimeout):
            await connection.request("tools/call", {"name": "a"}, timeout=0.1)
        await gone.wait()
        (cancelled,) = fake.asked("notifications/cancelled")
        assert cancelled.message["params"]["requestId"] == fake.asked("tools/call")[0].message["id"]


async def test_an_abandoned_stream_is_released_even_if_the_server_never_ends_it(monkeypatch):
    monkeypatch.setattr(send_queue, "CANCEL_GRACE", 0.05)
    gone = asyncio.Event()

    async def handle(request: Request) -> bytes | None:
        fake.writers[-1].write(events(NEWS))
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return None

    received = Notifications()
    async with Fake(lambda r: legacy(r) or handle(r)) as fake:
        peer = a_peer(received, era=Era.LEGACY)
        async with streamable_http(HttpSettings(url=fake.url), peer) as connection:
            call = asyncio.create_task(connection.request("tools/call", {"name": "a"}))
            with anyio.fail_after(10):
                await received.wait_for("notifications/message")
                call.cancel()
                await gone.wait()


async def test_a_notification_that_is_not_accepted_delays_others_for_a_limited_time(monkeypatch):
    monkeypatch.setattr(http_client, "NOTIFICATION_TIMEOUT", 0.2)

    async def handle(request: Request) -> bytes | None:
        if request.rpc == "notifications/odd":
            await asyncio.Event().wait()
        return answer(request)

    def handshake(request: Request) -> bytes | None:
        return None if request.rpc == "notifications/odd" else legacy(request)

    async with (
        Fake(lambda r: handshake(r) or handle(r)) as fake,
        streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY)) as connection,
    ):
        await connection.notify("notifications/odd")
        assert await connection.request("ping", timeout=10) == {}


async def test_requests_and_pings_of_the_server_are_answered(monkeypatch):
    asked: list[Any] = []

    async def reply_to(method: str, params: Any) -> dict[str, Any]:
        asked.append((method, params))
        if method == "odd/one":
            raise ServiceError(-32602, "not that", {"why": "odd"})
        return {"roots": []}

    answered: dict[Any, Any] = {}
    done = asyncio.Event()

    async def handle(request: Request) -> bytes | None:
        if "method" not in request.message:
            answered[request.message["id"]] = request.message
            if len(answered) == 3:
                done.set()
            return reply(202)
        questions = [
            {"jsonrpc": "2.0", "id": "p", "method": "ping"},
            {"jsonrpc": "2.0", "id": "r", "method": "roots/list"},
            {"jsonrpc": "2.0", "id": "o", "method": "odd/one", "params": {"a": 1}},
        ]
        fake.writers[-1].write(events(*questions))
        await done.wait()
        body = {"jsonrpc": "2.0", "id": request.message["id"], "result": {"content": []}}
        return f"data: {json.dumps(body)}\n\n".encode() + b"Connection: close\n\n"

    def handshake(request: Request) -> bytes | None:
        return legacy(request) if request.method != "POST" or "method" in request.message else None

    async with Fake(lambda r: handshake(r) or handle(r)) as fake:
        peer = a_peer(era=Era.LEGACY, on_request=reply_to)
        async with streamable_http(HttpSettings(url=fake.url), peer) as connection:
            await connection.request("tools/call", {"name": "a"}, timeout=10)
    assert asked == [("roots/list", {}), ("odd/one", {"a": 1})]
    assert answered["p"]["result"] == {}
    assert answered["r"]["result"] == {"roots": []}
    assert answered["o"]["error"] == {"code": -32602, "message": "not that", "data": {"why": "odd"}}


# --- Retry-After -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", "", 120.0),
        (" 0 ", "", 0.0),
        ("99999999", "", 86_400.0),
        ("Fri, 20 Nov 2026 10:00:30 GMT", "Fri, 20 Nov 2026 10:00:00 GMT", 30.0),
        ("Fri, 20 Nov 2026 10:00:00 GMT", "Fri, 20 Nov 2026 10:00:30 GMT", 0.0),
        ("Fri, 20 Nov 2026 10:00:30 GMT", "", None),
        ("Fri, 20 Nov 2026 10:00:30", "Fri, 20 Nov 2026 10:00:00 GMT", None),
        ("-5", "", None),
        ("soon", "", None),
        ("", "", None),
        ("\u0663", "", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value, date, seconds):
    import httpx2

    headers = httpx2.Headers({"retry-after": value.encode(), "date": date})
    assert failures.retry_after(headers) == seconds
