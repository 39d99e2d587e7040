"""Sessions that are lost and recreated, and servers that are killed and restarted."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from fastmcp.client.transports import StreamableHttpTransport as FastMCPHttp

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceError
from mcpstore.hooks import Connection, Era
from mcpstore.wire import from_fastmcp
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import (
    Child,
    Fake,
    Notifications,
    Request,
    a_peer,
    modern,
    refusal,
    reply,
    until,
)
from wire.sessions import TOOLS_CHANGED, Sessions, opened

LOST = {
    "404": lambda _: reply(404),
    "404 with a reason": lambda request: refusal(request, -32600, "Session not found", status=404),
    "400 as the examples of the TypeScript SDK": lambda request: refusal(
        request, -32000, "Bad Request: No valid session ID provided", status=400
    ),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
async def test_a_lost_session_is_recreated_and_the_request_is_sent_again(lost):
    received, sessions = Notifications(), Sessions(lost)
    async with opened(sessions, received) as (connection, fake):
        assert await connection.request("any", timeout=10) == {"session": "s1"}
        sessions.restart()
        assert await connection.request("any", timeout=10) == {"session": "s2"}
        assert TOOLS_CHANGED in received.notifications
        assert connection.era is Era.LEGACY
        assert fake.asked("server/discover") == []
    assert [request.headers["mcp-session-id"] for request in fake.got if request.method == "DELETE"] == ["s2"]


async def test_many_requests_that_lose_one_session_create_one_new_session():
    sessions = Sessions()
    async with opened(sessions) as (connection, _):
        sessions.restart()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(connection.request("any", timeout=10)) for _ in range(10)]
        assert {task.result()["session"] for task in tasks} == {"s2"}
        assert sessions.begun == 2


async def test_a_session_can_be_lost_again_later():
    sessions = Sessions()
    async with opened(sessions) as (connection, _):
        for number in range(1, 5):
            assert await connection.request("any", timeout=10) == {"session": f"s{number}"}
            sessions.restart()


async def test_a_new_session_that_is_lost_at_once_ends_the_connection():
    sessions = Sessions()
    async with opened(sessions) as (connection, _):
        sessions.known = type("Forgetful", (set,), {"add": lambda *_: None})()
        with pytest.raises(ConnectionLost, match="lost the session twice; 'any' was not done"):
            await connection.request("any", timeout=10)
        assert (await connection.wait_closed()).reason == "session lost: a new one was lost at once"


async def test_a_session_that_cannot_be_recreated_ends_the_connection():
    sessions = Sessions()
    async with opened(sessions) as (connection, _):
        sessions.restart()
        sessions.begins = False
        with pytest.raises(ConnectionLost, match=r"session lost: .* answered 500 .*'any' was not done"):
            await connection.request("any", timeout=10)
        assert (await connection.wait_closed()).reason.startswith("session lost: ")
        with pytest.raises(ConnectionLost):
            await connection.request("any", timeout=10)


async def test_a_request_waits_for_a_new_session_until_its_timeout():
    hold = asyncio.Event()
    sessions = Sessions()

    async def handle(request: Request) -> bytes | None:
        if request.rpc == "initialize" and sessions.begun:
            await hold.wait()
        return await sessions.handle(request)

    async with (
        Fake(handle) as fake,
        streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY)) as connection,
    ):
        sessions.restart()
        with pytest.raises(CallTimeout, match=r"opened no new one within 0\.2 s; 'any' was not done"):
            await connection.request("any", timeout=0.2)
        hold.set()
        assert await connection.request("any", timeout=10) == {"session": "s2"}


async def test_a_running_call_survives_the_loss_of_the_session_by_others():
    # Like behind a load balancer: one machine has lost the session, the other one still works.
    sessions = Sessions()
    async with opened(sessions) as (connection, fake), asyncio.TaskGroup() as group:
        slow = group.create_task(connection.request("slow", timeout=10))
        await until(lambda: fake.asked("slow"))
        sessions.restart()
        assert await connection.request("any", timeout=10) == {"session": "s2"}
        sessions.slow.set()
        assert await slow == {"session": "s1"}


async def test_a_running_call_in_a_lost_session_ends_with_the_connection():
    sessions = Sessions()
    async with opened(sessions) as (connection, fake):
        slow = asyncio.create_task(connection.request("slow"))
        await until(lambda: fake.asked("slow"))
        sessions.restart()
        assert await connection.request("any", timeout=10) == {"session": "s2"}
        assert not slow.done()
    with pytest.raises(ConnectionLost, match="closed by this side"):
        await slow
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("mcpstore-")]


async def test_an_error_that_only_mentions_sessions_is_not_a_lost_session():
    def handle(request: Request) -> bytes | None:
        return modern(request) or refusal(request, -32000, "no such session in the database", status=400)

    async with Fake(handle) as fake, streamable_http(HttpSettings(url=fake.url), a_peer()) as connection:
        with pytest.raises(ServiceError, match="no such session in the database"):
            await connection.request("any", timeout=10)


# --- servers that are killed -------------------------------------------------------------------------------


async def pid(connection: Connection) -> int:
    result = await connection.request("tools/call", {"name": "pid", "arguments": {}}, timeout=20)
    return int(result["content"][0]["text"])


async def begun(connection: Connection) -> asyncio.Task[Any]:
    """Call a tool that never ends, and wait until it runs."""
    runs = asyncio.Event()
    params = {"name": "forever", "arguments": {}}
    call = asyncio.create_task(connection.request("tools/call", params, on_progress=lambda *_: runs.set()))
    await runs.wait()
    return call


@pytest.mark.parametrize("era", [Era.MODERN, Era.LEGACY])
async def test_a_server_that_is_killed_and_comes_back_answers_on_the_same_connection(era):
    received = Notifications()
    with anyio.fail_after(100):
        async with (
            Child() as child,
            streamable_http(HttpSettings(url=child.url), a_peer(received, era=era)) as connection,
        ):
            first = await pid(connection)
            under_way = await begun(connection)
            await child.kill()
            with pytest.raises(ConnectionLost, match="whether the request took effect is unknown"):
                await under_way
            with pytest.raises(ConnectionLost, match=rf"nothing listens at 127.0.0.1:{child.port}.*was not sent"):
                await pid(connection)
            await child.start()
            assert await pid(connection) != first
            if era is Era.LEGACY:
                await received.wait_for(TOOLS_CHANGED)


async def test_a_transport_of_fastmcp_recreates_a_lost_session():
    with anyio.fail_after(100):
        async with Child() as child, from_fastmcp(FastMCPHttp(child.url), a_peer(era=Era.LEGACY)) as connection:
            first = await pid(connection)
            await child.kill()
            await child.start()
            assert await pid(connection) != first


async def test_an_sse_server_that_is_killed_ends_the_connection():
    with anyio.fail_after(100):
        async with Child("sse") as child, sse(HttpSettings(url=child.url), a_peer()) as connection:
            await pid(connection)
            under_way = await begun(connection)
            await child.kill()
            assert f"127.0.0.1:{child.port}" in (await connection.wait_closed()).reason
            with pytest.raises(ConnectionLost, match="is unknown"):
                await under_way
            with pytest.raises(ConnectionLost):
                await pid(connection)


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_a_frozen_server_is_closed_within_the_timeout(transport):
    connect = sse if transport == "sse" else streamable_http
    with anyio.fail_after(100):
        async with (
            Child(transport) as child,
            connect(HttpSettings(url=child.url), a_peer(era=Era.LEGACY)) as connection,
        ):
            await pid(connection)
            child.freeze()
            with pytest.raises(CallTimeout):
                await connection.request("tools/call", {"name": "pid", "arguments": {}}, timeout=0.3)
