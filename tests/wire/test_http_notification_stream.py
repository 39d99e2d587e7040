"""Notification streams: reopened when they end, with backoff and the delays that a server asks for."""

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
    Notifications,
    Request,
    a_peer,
    make_server,
    reply,
    serving,
    until,
)
from wire.scripted import time_flies
from wire.sessions import TOOLS_CHANGED, Sessions, opened

# --- notifications of the legacy era -----------------------------------------------------------------------


def event(method: str) -> bytes:
    return f"data: {json.dumps({'jsonrpc': '2.0', 'method': method})}\n\n".encode()


async def test_notifications_arrive_on_the_stream_and_after_it_is_reopened(monkeypatch):
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.01)
    received, sessions = Notifications(), Sessions(stream=200)
    async with opened(sessions, received):
        await until(lambda: sessions.streams)
        sessions.streams[0].write(event("notifications/odd"))
        await received.wait_for("notifications/odd")
        assert TOOLS_CHANGED not in received.notifications
        for number in range(3):  # the SDK alone would give up after the second
            sessions.streams[number].transport.abort()
            await until(lambda number=number: len(sessions.streams) == number + 2)
        await received.wait_for(TOOLS_CHANGED)  # notifications may be lost in the meantime


async def test_a_server_without_a_notification_stream_is_asked_only_once(monkeypatch):
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
        await until(lambda: len(turns) == 2)  # the SDK retries
        await connection.request("any", timeout=10)
        assert len([request for request in fake.got if request.method == "GET"]) == 1


async def test_a_stream_that_detects_a_lost_session_has_it_recreated(monkeypatch):
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.01)
    received, sessions = Notifications(), Sessions(stream=200)
    async with opened(sessions, received) as (connection, fake):
        await until(lambda: sessions.streams)
        sessions.restart()
        sessions.streams[0].transport.abort()
        await received.wait_for(TOOLS_CHANGED)
        assert sessions.begun == 2
        assert len(fake.asked("any")) == 0
        assert await connection.request("any", timeout=10) == {"session": "s2"}


async def test_a_stream_that_ends_quickly_is_reopened_with_backoff():
    loop, stream, turns = asyncio.get_running_loop(), notification_stream.NotificationStream(), []
    with time_flies():
        for _ in range(9):
            await stream.wait_turn()
            turns.append(loop.time())
    waited = [round(after - before) for before, after in itertools.pairwise(turns)]
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_retry_after_delays_the_notification_stream(monkeypatch):
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


async def test_a_requested_delay_of_the_notification_stream_is_kept():
    loop, stream = asyncio.get_running_loop(), notification_stream.NotificationStream()
    with time_flies():
        await stream.wait_turn()
        stream.delay(300)
        before = loop.time()
        await stream.wait_turn()
        assert round(loop.time() - before) == 300


async def test_the_notification_stream_is_retried_until_the_server_is_back(monkeypatch):
    monkeypatch.setattr(notification_stream, "PAUSE_MIN", 0.01)
    received, sessions = Notifications(), Sessions(stream=503)
    async with opened(sessions, received) as (_, fake):
        await until(lambda: len([request for request in fake.got if request.method == "GET"]) > 3)
        sessions.stream = 200
        await until(lambda: sessions.streams)
        sessions.streams[0].write(event("notifications/odd"))
        await received.wait_for("notifications/odd")


# --- notifications of the modern era -----------------------------------------------------------------------


async def test_notifications_of_the_modern_era_are_subscribed_where_they_are_announced(monkeypatch):
    monkeypatch.setattr(list_subscriptions, "RELISTEN_MIN", 0.05)
    received, bus = Notifications(), InMemorySubscriptionBus()
    server = make_server()
    handler = ListenHandler(bus)
    server._mcp_server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, handler)
    async with serving(server.http_app()) as url, streamable_http(HttpSettings(url=f"{url}/mcp"), a_peer(received)):
        with anyio.fail_after(20):
            await until(lambda: handler._streams)
            await bus.publish(ToolsListChanged())
            await received.wait_for(TOOLS_CHANGED)
            received.notifications.clear()
            handler.close()  # the server ends the stream; the client subscribes again and may have missed changes
            await received.wait_for(TOOLS_CHANGED)
            received.notifications.clear()
            await bus.publish(ToolsListChanged())
            await received.wait_for(TOOLS_CHANGED)
