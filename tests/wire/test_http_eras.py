"""Real servers over streamable HTTP, SSE and in memory, in both protocol eras."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from fastmcp import FastMCP
from fastmcp.client.transports import FastMCPTransport
from fastmcp.client.transports import SSETransport as FastMCPSse
from fastmcp.client.transports import StreamableHttpTransport as FastMCPHttp

from mcpstore.errors import CallTimeout, ServiceError
from mcpstore.hooks import Connection, Era
from mcpstore.wire import from_fastmcp
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import Notifications, Seen, a_peer, make_server, serving

WAYS = {
    "http-modern": Era.MODERN,
    "http-legacy": Era.LEGACY,
    "sse": Era.LEGACY,
    "memory-modern": Era.MODERN,
    "memory-legacy": Era.LEGACY,
    "fastmcp-http-modern": Era.MODERN,
    "fastmcp-http-legacy": Era.LEGACY,
    "fastmcp-sse": Era.LEGACY,
}
ways = pytest.mark.parametrize("way", WAYS)


@contextlib.asynccontextmanager
async def connected(
    way: str, server: FastMCP, received: Notifications | None = None, **options: Any
) -> AsyncIterator[Connection]:
    era = WAYS[way]
    peer = a_peer(received, era=era, **options)
    async with contextlib.AsyncExitStack() as stack:
        if "memory" in way:
            connection = from_fastmcp(FastMCPTransport(server), peer)
        else:
            is_sse = "sse" in way
            app = server.http_app(transport="sse" if is_sse else "http")
            url = await stack.enter_async_context(serving(app)) + ("/sse" if is_sse else "/mcp")
            if way.startswith("fastmcp"):
                connection = from_fastmcp(FastMCPSse(url) if is_sse else FastMCPHttp(url), peer)
            else:
                connection = (sse if is_sse else streamable_http)(HttpSettings(url=url), peer)
        yield await stack.enter_async_context(connection)


async def call(connection: Connection, tool: str, **arguments: Any) -> dict[str, Any]:
    return await connection.request("tools/call", {"name": tool, "arguments": arguments}, timeout=20)


def text(result: dict[str, Any]) -> str:
    return result["content"][0]["text"]


@ways
async def test_the_handshake_returns_server_and_protocol_version(way):
    async with connected(way, make_server()) as connection:
        assert connection.era is WAYS[way]
        assert connection.protocol_version == ("2026-07-28" if WAYS[way] is Era.MODERN else "2025-11-25")
        assert (connection.server.name, connection.server.version) == ("world", "1.5")
        assert connection.server.instructions == "be kind"
        assert "tools" in connection.server.capabilities
        assert isinstance(connection, Connection)


@ways
async def test_tools_are_listed_and_called(way):
    async with connected(way, make_server()) as connection:
        listed = await connection.request("tools/list", timeout=20)
        assert {"echo", "letters", "count"} <= {tool["name"] for tool in listed["tools"]}
        assert text(await call(connection, "echo", text="grüße 🎉")) == "grüße 🎉"


@ways
async def test_a_failed_tool_returns_its_error(way):
    async with connected(way, make_server()) as connection:
        assert (await call(connection, "echo", txt="misspelt"))["isError"] is True


@ways
async def test_an_error_of_the_server_keeps_its_code(way):
    async with connected(way, make_server()) as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.request("resources/read", {"uri": "nothing://here"}, timeout=20)
        assert caught.value.code in (-32002, -32602)
        with pytest.raises(ServiceError) as caught:
            await connection.request("no/such/method", timeout=20)
        assert caught.value.code == -32601


@pytest.mark.parametrize("way", [way for way in WAYS if not way.startswith("fastmcp")])
async def test_a_result_of_five_megabytes_arrives(way):
    async with connected(way, make_server()) as connection:
        assert len(text(await call(connection, "letters", n=5_000_000))) == 5_000_000


@pytest.mark.parametrize("way", ["http-modern", "http-legacy"])
async def test_a_result_longer_than_a_frame_fails_only_its_call(way):
    async with connected(way, make_server(), max_frame=100_000) as connection:
        with pytest.raises(ServiceError, match=r"longer than 100000 bytes|exceeded the 100000 byte limit"):
            await call(connection, "letters", n=200_000)
        assert text(await call(connection, "echo", text="still here")) == "still here"


@ways
async def test_twenty_concurrent_calls_receive_their_own_answers(way):
    async with connected(way, make_server()) as connection, asyncio.TaskGroup() as group:
        tasks = [group.create_task(call(connection, "count", n=2, pause=0.2)) for _ in range(10)]
        tasks += [group.create_task(call(connection, "echo", text=str(i))) for i in range(10)]
    assert [text(task.result()) for task in tasks] == ["2"] * 10 + [str(i) for i in range(10)]


@ways
async def test_a_cancelled_call_is_cancelled_in_the_server(way):
    seen = Seen()
    async with connected(way, make_server(seen)) as connection:
        task = asyncio.create_task(call(connection, "forever"))
        with anyio.fail_after(20):
            await seen.started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await seen.cancelled.wait()
        assert text(await call(connection, "echo", text="next")) == "next"


@ways
async def test_a_call_that_times_out_is_cancelled_in_the_server(way):
    seen = Seen()
    async with connected(way, make_server(seen)) as connection:
        with pytest.raises(CallTimeout, match=r"'world' gave no answer to 'tools/call' .* within 0\.3 s"):
            await connection.request("tools/call", {"name": "forever", "arguments": {}}, timeout=0.3)
        with anyio.fail_after(20):
            await seen.cancelled.wait()
        assert text(await call(connection, "echo", text="next")) == "next"


@ways
async def test_progress_is_reported_and_keeps_a_long_call_alive(way):
    heard: list[Any] = []
    async with connected(way, make_server()) as connection:
        params = {"name": "count", "arguments": {"n": 4, "pause": 0.4}}
        result = await connection.request(
            "tools/call", params, timeout=1.2, on_progress=lambda *report: heard.append(report)
        )
    assert text(result) == "4"
    assert heard == [(float(i), 4.0, f"at {i}") for i in range(4)]


@pytest.mark.parametrize("way", [way for way, era in WAYS.items() if era is Era.LEGACY])
async def test_a_server_of_the_legacy_era_may_send_requests_during_a_call(way):
    asked: list[Any] = []

    async def answer(method: str, params: Any) -> dict[str, Any]:
        asked.append((method, params["message"]))
        return {"action": "accept", "content": {"value": "Ada"}}

    options = {"on_request": answer, "capabilities": {"elicitation": {"form": {}}}}
    async with connected(way, make_server(), **options) as connection:
        assert text(await call(connection, "ask")) == "accept: Ada"
    assert asked == [("elicitation/create", "what is your name?")]


@pytest.mark.parametrize("way", [way for way, era in WAYS.items() if era is Era.MODERN])
async def test_a_server_of_the_modern_era_requests_input_in_its_answer(way):
    asked: list[Any] = []

    async def answer(method: str, params: Any) -> dict[str, Any]:
        asked.append((method, params["message"]))
        return {"action": "accept", "content": {"value": "Ada"}}

    options = {"on_request": answer, "capabilities": {"elicitation": {"form": {}}}}
    async with connected(way, make_server(), **options) as connection:
        assert text(await call(connection, "ask_in_rounds")) == "remember: Ada"
    assert asked == [("elicitation/create", "what is your name?")]


@ways
async def test_a_notification_during_a_call_arrives(way):
    received = Notifications()
    async with connected(way, make_server(), received) as connection:
        await call(connection, "grow")
        with anyio.fail_after(20):
            await received.wait_for("notifications/tools/list_changed")
        listed = await connection.request("tools/list", timeout=20)
    assert "grown" in {tool["name"] for tool in listed["tools"]}


@ways
async def test_a_notification_to_the_server_is_accepted(way):
    async with connected(way, make_server()) as connection:
        await connection.notify("notifications/roots/list_changed")
        assert text(await call(connection, "echo", text="next")) == "next"


@ways
async def test_values_that_json_cannot_represent_are_refused_before_they_are_sent(way):
    async with connected(way, make_server()) as connection:
        for odd in (float("nan"), {1, 2}):
            with pytest.raises((TypeError, ValueError)):
                await call(connection, "echo", text=odd)
        with pytest.raises((ValueError, ServiceError)):  # over SSE it can be sent, but FastMCP servers cannot read it
            await call(connection, "echo", text="\ud800")
        assert text(await call(connection, "echo", text="next")) == "next"
