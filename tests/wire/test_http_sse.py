"""Sessions over server-sent events: answers on one connection, requests on others."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceBusy, ServiceError
from mcpstore.hooks import Connection
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.sse import sse
from mcpstore.wire.messages import send_queue
from wire.http_world import LEGACY, Fake, Notifications, Request, a_peer, open_files, reply, until

TOOLS_CHANGED = "notifications/tools/list_changed"


class Events:
    """A server with scripted answers: `answers` on its stream, `posts` to POST requests."""

    def __init__(self) -> None:
        self.answers: Callable[[Request], Any] = lambda request: {"content": [request.rpc]}
        self.posts: Callable[[Request], Any] = lambda _: reply(202, "Accepted")
        self.streams: list[asyncio.StreamWriter] = []
        self.fake: Fake | None = None

    def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **message})
        self.streams[-1].write(f"event: message\ndata: {text}\n\n".encode())

    async def handle(self, request: Request) -> bytes | None:
        if request.method == "GET":
            self.streams.append(writer := self.fake.writers[-1])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
            writer.write(f": hello\n\nevent: endpoint\ndata: /messages?s={len(self.streams)}\n\n".encode())
            await asyncio.Event().wait()
        response = self.posts(request)
        response = await response if asyncio.iscoroutine(response) else response
        if response is not None and b" 202 " in response and "id" in request.message:
            result = LEGACY if request.rpc == "initialize" else self.answers(request)
            if result is not None:
                self.say({"id": request.message["id"], "result": result})
        return response


@contextlib.asynccontextmanager
async def opened(
    events: Events, received: Notifications | None = None, **options: Any
) -> AsyncIterator[tuple[Connection, Fake]]:
    async with Fake(events.handle) as fake:
        events.fake = fake
        with anyio.fail_after(30):
            async with sse(HttpSettings(url=fake.url), a_peer(received, **options)) as connection:
                yield connection, fake


async def call(connection: Connection, name: str = "any") -> dict[str, Any]:
    return await connection.request(name, timeout=10)


async def test_requests_go_to_the_endpoint_and_answers_arrive_on_the_stream():
    async with opened(Events()) as (connection, fake):
        assert await call(connection) == {"content": ["any"]}
        assert connection.server.name == "fake"
    assert {request.path for request in fake.got if request.method == "POST"} == {"/messages?s=1"}


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (reply(401), ServiceError),
        (reply(429, Retry_After="2"), ServiceBusy),
        (reply(500), ServiceError),
        (reply(502), ConnectionLost),
        (reply(307, Location="http://other.example/"), ServiceError),
        (None, ConnectionLost),
    ],
)
async def test_a_message_that_cannot_be_posted_fails_only_its_call(response, kind):
    events = Events()
    events.posts = lambda request: response if request.rpc == "bad" else reply(202)
    async with opened(events) as (connection, _):
        with pytest.raises(kind):
            await call(connection, "bad")
        assert await call(connection) == {"content": ["any"]}
        assert len(events.streams) == 1


async def test_a_notification_that_cannot_be_posted_fails_nothing():
    events = Events()
    events.posts = lambda request: None if request.rpc == "notifications/odd" else reply(202)
    async with opened(events) as (connection, _):
        await connection.notify("notifications/odd")
        assert await call(connection) == {"content": ["any"]}


async def test_an_answer_may_arrive_before_its_request_is_accepted():
    events = Events()
    accepted = asyncio.Event()

    async def late(request: Request) -> bytes:
        if request.rpc == "late":
            events.say({"id": request.message["id"], "result": {"early": True}})
            await accepted.wait()
            return reply(200)
        return reply(202)

    events.posts = late
    async with opened(events) as (connection, _):
        assert await call(connection, "late") == {"early": True}
        accepted.set()


async def test_a_request_that_is_redirected_within_the_origin_arrives():
    events = Events()
    events.posts = lambda r: reply(307, Location="/elsewhere") if "messages" in r.path else reply(202)
    async with opened(events) as (connection, fake):
        assert await call(connection) == {"content": ["any"]}
    assert fake.asked("any")[-1].path == "/elsewhere"


async def test_a_session_that_the_server_has_lost_is_recreated():
    received, events = Notifications(), Events()
    async with opened(events, received) as (connection, fake):
        events.posts = lambda r: reply(404) if r.path == "/messages?s=1" else reply(202)
        files = open_files()
        assert await call(connection) == {"content": ["any"]}
        assert len(events.streams) == 2
        await received.wait_for(TOOLS_CHANGED)
        assert [request.path for request in fake.asked("any")] == ["/messages?s=1", "/messages?s=2"]
        await until(lambda: open_files() <= files)  # the first stream is closed
        assert not (asyncio.create_task(connection.wait_closed())).done()


async def test_a_lost_session_may_end_while_another_one_is_created():
    events = Events()

    async def forget(request: Request) -> bytes:
        if request.path == "/messages?s=1":
            return reply(404)
        if request.rpc == "initialize":
            events.streams[0].transport.abort()
            await asyncio.sleep(0.05)
        return reply(202)

    async with opened(events) as (connection, _):
        events.posts = forget
        assert await call(connection) == {"content": ["any"]}
        assert await call(connection) == {"content": ["any"]}


async def test_the_end_of_the_stream_is_the_end_of_the_connection():
    for abort in (True, False):
        events = Events()
        async with opened(events) as (connection, fake):
            events.answers = lambda _: None
            under_way = asyncio.create_task(call(connection))
            await until(lambda fake=fake: fake.asked("any"))
            (events.streams[0].transport.abort if abort else events.streams[0].close)()
            assert f"127.0.0.1:{fake.port}" in (await connection.wait_closed()).reason
            with pytest.raises(ConnectionLost, match="whether 'any' took effect is unknown"):
                await under_way
            with pytest.raises(ConnectionLost):
                await call(connection)


async def test_an_event_longer_than_a_frame_ends_the_connection():
    events = Events()
    async with opened(events, max_frame=10_000) as (connection, _):
        events.answers = lambda _: {"content": ["x" * 20_000]}
        with pytest.raises(ConnectionLost, match="10000 byte limit"):
            await call(connection)


async def test_invalid_messages_are_skipped():
    received, events = Notifications(), Events()
    async with opened(events, received) as (connection, _):
        for noise in ("garbage", "null", "[1]", '"text"', "{", "", '{"jsonrpc":"1.0"}'):
            events.say(noise)
        events.streams[-1].write(b"event: other\ndata: x\n\n: comment\n\n")
        split = '{"jsonrpc":"2.0",\ndata: "method":"notifications/odd"}'  # one event of two lines
        events.say(split)
        await received.wait_for("notifications/odd")
        assert await call(connection) == {"content": ["any"]}


async def test_a_request_that_is_never_accepted_is_abandoned(monkeypatch):
    monkeypatch.setattr(send_queue, "CANCEL_GRACE", 0.05)
    gone = asyncio.Event()

    async def never(request: Request) -> bytes:
        if request.rpc != "never":
            return reply(202)
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return reply(202)

    events = Events()
    events.posts = never
    async with opened(events) as (connection, fake):
        with pytest.raises(CallTimeout):
            await connection.request("never", timeout=0.1)
        await gone.wait()
        assert fake.asked("notifications/cancelled")


async def test_an_endless_response_to_a_post_is_not_read_to_its_end():
    async def endless(request: Request) -> bytes | None:
        if request.rpc != "endless":
            return reply(202)
        writer = events.fake.writers[-1]
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000000\r\n\r\n")
        events.say({"id": request.message["id"], "result": {}})
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            await writer.drain()
            await asyncio.sleep(0)
        return None

    events = Events()
    events.posts = endless
    async with opened(events) as (connection, _):
        assert await call(connection, "endless") == {}
        files = open_files()
        await until(lambda: open_files() < files)
        assert await call(connection) == {"content": ["any"]}
