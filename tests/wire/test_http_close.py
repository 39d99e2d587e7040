"""Closing releases all resources of a connection, in every kind of close and with hanging peers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import warnings
from typing import Any

import anyio
import pytest
from fastmcp import FastMCP
from fastmcp.client.transports import FastMCPTransport

from mcpstore.errors import CloseFailed, ConnectionLost
from mcpstore.hooks import Closing, Era
from mcpstore.wire import from_fastmcp
from mcpstore.wire.http import client as http_client
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
from mcpstore.wire.messages import relayed
from wire.http_world import ERAS, Fake, Request, a_peer, answer, legacy, make_server, open_files, reply, serving, until


def ours() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("mcpstore-")}


def sdk_tasks() -> list[str]:
    coroutines = (str(task.get_coro()) for task in asyncio.all_tasks())
    return [
        text
        for text in coroutines
        if "StreamableHTTPTransport" in text or "SseChannel" in text or "MessageSession" in text
    ]


@pytest.mark.parametrize(
    ("transport", "app", "era"),
    [(streamable_http, "http", Era.MODERN), (streamable_http, "http", Era.LEGACY), (sse, "sse", Era.LEGACY)],
)
async def test_fifty_opened_and_closed_connections_leave_nothing_behind(transport, app, era):
    async with serving(make_server().http_app(transport=app)) as url:
        settings = HttpSettings(url=f"{url}/{'sse' if app == 'sse' else 'mcp'}")
        files = tasks = 0
        for number in range(50):
            async with transport(settings, a_peer(era=era)) as connection:
                await connection.request("tools/list", timeout=20)
            if number == 4:
                files, tasks = await settled()
        after = await settled()
        assert after[0] <= files
        assert after[1] <= tasks
        assert ours() == set()
        assert sdk_tasks() == []


async def settled() -> tuple[int, int]:
    """Return open files and tasks after the server in this event loop has processed the close."""
    least = (open_files(), len(asyncio.all_tasks()))
    for _ in range(30):
        await asyncio.sleep(0.01)
        least = min(least, (open_files(), len(asyncio.all_tasks())))
    return least


async def test_a_memory_connection_leaves_nothing_behind_and_runs_the_lifespan_of_its_server():
    lives: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> Any:
        lives.append("begun")
        yield
        lives.append("over")

    tasks = len(asyncio.all_tasks())
    async with from_fastmcp(FastMCPTransport(FastMCP("alive", lifespan=lifespan)), a_peer()) as connection:
        assert lives == ["begun"]
        assert await connection.request("tools/list", timeout=10)
    assert lives == ["begun", "over"]
    assert len(asyncio.all_tasks()) == tasks


async def test_the_garbage_collector_reports_no_unclosed_resource():
    async with serving(make_server().http_app()) as url:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for era in ERAS:
                async with streamable_http(HttpSettings(url=f"{url}/mcp"), a_peer(era=era)) as connection:
                    await connection.request("tools/list", timeout=20)
            gc.collect()


async def test_a_running_call_ends_with_the_connection():
    async with serving(make_server().http_app()) as url:
        for era in ERAS:
            async with streamable_http(HttpSettings(url=f"{url}/mcp"), a_peer(era=era)) as connection:
                params = {"name": "forever", "arguments": {}}
                call = asyncio.create_task(connection.request("tools/call", params))
                await asyncio.sleep(0)
            with pytest.raises(ConnectionLost, match="closed by this side"):
                await call
            assert (await connection.wait_closed()).reason == "closed by this side"
            with pytest.raises(ConnectionLost):
                await connection.request("ping")


async def test_an_error_in_the_body_is_raised_unchanged():
    async with serving(make_server().http_app()) as url:
        for era in ERAS:
            with pytest.raises(KeyError, match="mine"):
                async with streamable_http(HttpSettings(url=f"{url}/mcp"), a_peer(era=era)):
                    raise KeyError("mine")


async def hanging_farewell(request: Request) -> bytes | None:
    if request.method == "DELETE":
        await asyncio.Event().wait()
    return legacy(request, Mcp_Session_Id="s1") or answer(request)


async def test_an_unanswered_session_delete_has_a_short_timeout(monkeypatch):
    monkeypatch.setattr(http_client, "SESSION_END_TIMEOUT", 0.1)
    async with Fake(hanging_farewell) as fake:
        with anyio.fail_after(5):
            async with streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY)):
                pass
        assert fake.got[-1].method == "DELETE"


async def test_a_forced_close_sends_no_session_delete():
    closing = Closing()
    async with Fake(hanging_farewell) as fake:
        async with streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY, closing=closing)):
            closing.forced.set()
        assert "DELETE" not in {request.method for request in fake.got}


async def test_a_forced_close_cancels_a_running_session_delete(monkeypatch):
    monkeypatch.setattr(http_client, "SESSION_END_TIMEOUT", 1000.0)
    closing = Closing(polite=1000.0)
    async with Fake(hanging_farewell) as fake, anyio.create_task_group() as group:

        async def hurry() -> None:
            await until(lambda: fake.got[-1].method == "DELETE")
            closing.forced.set()

        with anyio.fail_after(10):
            async with streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY, closing=closing)):
                group.start_soon(hurry)
    assert ours() == set()


async def test_a_cancelled_close_still_closes(monkeypatch):
    monkeypatch.setattr(http_client, "SESSION_END_TIMEOUT", 1000.0)
    async with Fake(hanging_farewell) as fake:

        async def use() -> None:
            peer = a_peer(era=Era.LEGACY, closing=Closing(polite=1000.0))
            async with streamable_http(HttpSettings(url=fake.url), peer):
                pass

        task = asyncio.create_task(use())
        with anyio.fail_after(10):
            await until(lambda: fake.got and fake.got[-1].method == "DELETE")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert ours() == set()


async def test_a_lost_session_is_not_deleted():
    def handle(request: Request) -> bytes | None:
        if request.rpc == "initialize":
            return legacy(request, Mcp_Session_Id=f"s{len(fake.asked('initialize'))}")
        if request.headers.get("mcp-session-id") == "s1" and request.rpc == "any":
            return reply(404)
        return legacy(request) or answer(request)

    async with Fake(handle) as fake:
        async with streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY)) as connection:
            await connection.request("any", timeout=10)
        deleted = [request.headers["mcp-session-id"] for request in fake.got if request.method == "DELETE"]
        assert deleted == ["s2"]


class Stubborn:
    """A channel that cannot be closed until it is `released`."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    @contextlib.asynccontextmanager
    async def open(self) -> Any:
        try:
            yield self
        finally:
            while not self.released.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await self.released.wait()

    async def send(self, message: dict[str, Any], _data: bytes, _exchange: Any) -> None:
        if message.get("method") == "initialize":
            result = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {}}
            self.receiver.take({"jsonrpc": "2.0", "id": message["id"], "result": result})

    async def receive_into(self, receiver: Any) -> str:
        self.receiver = receiver
        await asyncio.Event().wait()
        return ""


async def test_a_channel_that_cannot_be_closed_is_reported_and_can_be_retried():
    stubborn = Stubborn()
    closing = Closing(polite=0.05, kill=0.05)
    with pytest.raises(CloseFailed, match=r"'world' is not closed: its channel did not end within 0\.05 s") as caught:
        async with relayed(stubborn.open, a_peer(closing=closing)):
            pass
    with pytest.raises(CloseFailed):
        await caught.value.reap()
    stubborn.released.set()
    await caught.value.reap()
    assert ours() == set()


async def test_a_server_in_memory_that_fails_ends_the_connection(monkeypatch):
    server = make_server()
    run = server._mcp_server.run
    die = asyncio.Event()

    async def mortal(*args: Any, **options: Any) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: run(*args, **options))
            await die.wait()
            group.cancel_scope.cancel()

    monkeypatch.setattr(server._mcp_server, "run", mortal)
    with anyio.fail_after(20):
        async with from_fastmcp(FastMCPTransport(server), a_peer()) as connection:
            params = {"name": "forever", "arguments": {}}
            call = asyncio.create_task(connection.request("tools/call", params))
            await connection.request("tools/list")
            die.set()
            assert (await connection.wait_closed()).reason == "closed by the server"
            with pytest.raises(ConnectionLost):
                await call


async def test_no_thread_is_left():
    before = threading.active_count()
    async with serving(make_server().http_app()) as url, streamable_http(HttpSettings(url=f"{url}/mcp"), a_peer()):
        pass
    names = [thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    assert len(names) <= before
