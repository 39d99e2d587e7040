"""Streams of news: opened again when they end, less and less often, and not before a server wants it."""

from __future__ import annotations

import asyncio
import itertools
import json

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types import SubscriptionsListenRequestParams

from mcpstore.hooks import Era
from mcpstore.wire import list_subscriptions
from mcpstore.wire.http import notification_stream
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import (
    Fake,
    Request,
    Told,
    a_peer,
    make_server,
    reply,
    serving,
    until,
)
from wire.scripted import time_flies
from wire.sessions import TOOLS_CHANGED, Sessions, opened

# --- news of the legacy era --------------------------------------------------------------------------------


def event(method: str) -> bytes:
    return f"data: {json.dumps({'jsonrpc': '2.0', 'method': method})}\n\n".encode()


async def test_news_arrives_on_the_stream_and_after_it_was_opened_again(monkeypatch):
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.01)
    told, sessions = Told(), Sessions(stream=200)
    async with opened(sessions, told):
        await until(lambda: sessions.streams)
        sessions.streams[0].write(event("notifications/odd"))
        await told.wait_for("notifications/odd")
        assert TOOLS_CHANGED not in told.notifications
        for number in range(3):  # the SDK alone would give up for ever after the second
            sessions.streams[number].transport.abort()
            await until(lambda number=number: len(sessions.streams) == number + 2)
        await told.wait_for(TOOLS_CHANGED)  # who knows what was said meanwhile


async def test_a_server_without_news_is_asked_only_once(monkeypatch):
    monkeypatch.setattr("mcp.client.streamable_http.DEFAULT_RECONNECTION_DELAY_MS", 10)
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.0)
    turns: list[int] = []
    turn = notification_stream.NotificationStream.wait_turn

    async def counted(self: notification_stream.NotificationStream) -> None:
        turns.append(1)
        await turn(self)

    monkeypatch.setattr(notification_stream.NotificationStream, "wait_turn", counted)
    sessions = Sessions(stream=405)
    async with opened(sessions) as (connection, fake):
        await until(lambda: len(turns) == 2)  # the SDK tries again
        await connection.request("any", timeout=10)
        assert len([request for request in fake.got if request.method == "GET"]) == 1


async def test_a_stream_that_finds_the_session_lost_has_it_begun_anew(monkeypatch):
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.01)
    told, sessions = Told(), Sessions(stream=200)
    async with opened(sessions, told) as (connection, fake):
        await until(lambda: sessions.streams)
        sessions.restart()
        sessions.streams[0].transport.abort()
        await told.wait_for(TOOLS_CHANGED)
        assert sessions.begun == 2
        assert len(fake.asked("any")) == 0
        assert await connection.request("any", timeout=10) == {"session": "s2"}


async def test_news_that_does_not_last_is_asked_for_less_and_less_often():
    loop, stream, turns = asyncio.get_running_loop(), notification_stream.NotificationStream(), []
    with time_flies():
        for _ in range(9):
            await stream.wait_turn()
            turns.append(loop.time())
    waited = [round(after - before) for before, after in itertools.pairwise(turns)]
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_server_that_asks_to_be_left_alone_is_not_asked_for_news_before_that(monkeypatch):
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.01)
    waits: list[float] = []
    monkeypatch.setattr(notification_stream.NotificationStream, "delay", lambda _, seconds: waits.append(seconds))
    sessions = Sessions()

    async def handle(request: Request) -> bytes | None:
        if request.method == "GET":
            return reply(405) if waits else reply(429, Retry_After="7")
        return await sessions.handle(request)

    async with Fake(handle) as fake, streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY)):
        await until(lambda: waits)
    assert waits == [7]


async def test_news_is_awaited_as_long_as_the_server_says():
    loop, stream = asyncio.get_running_loop(), notification_stream.NotificationStream()
    with time_flies():
        await stream.wait_turn()
        stream.delay(300)
        before = loop.time()
        await stream.wait_turn()
        assert round(loop.time() - before) == 300


async def test_a_server_that_is_away_is_asked_for_news_until_it_is_back(monkeypatch):
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.01)
    told, sessions = Told(), Sessions(stream=503)
    async with opened(sessions, told) as (_, fake):
        await until(lambda: len([request for request in fake.got if request.method == "GET"]) > 3)
        sessions.stream = 200
        await until(lambda: sessions.streams)
        sessions.streams[0].write(event("notifications/odd"))
        await told.wait_for("notifications/odd")


# --- news of the modern era --------------------------------------------------------------------------------


async def test_news_of_the_modern_era_is_listened_to_where_it_is_announced(monkeypatch):
    monkeypatch.setattr(list_subscriptions, "RELISTEN_MIN", 0.05)
    told, bus = Told(), InMemorySubscriptionBus()
    server = make_server()
    handler = ListenHandler(bus)
    server._mcp_server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, handler)
    async with serving(server.http_app()) as url, streamable_http(HttpSettings(url=f"{url}/mcp"), a_peer(told)):
        with anyio.fail_after(20):
            await until(lambda: handler._streams)
            await bus.publish(ToolsListChanged())
            await told.wait_for(TOOLS_CHANGED)
            told.notifications.clear()
            handler.close()  # the server ends the stream; we listen again, and do not know what we missed
            await told.wait_for(TOOLS_CHANGED)
            told.notifications.clear()
            await bus.publish(ToolsListChanged())
            await told.wait_for(TOOLS_CHANGED)
