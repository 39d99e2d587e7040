"""Assumptions about the MCP SDK and FastMCP: these tests fail if a new version behaves differently."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import Any

import anyio
import mcp_types
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport as FastMCPHttp
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from mcpstore.hooks import Era
from mcpstore.wire import protocol
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.streamable import streamable_http
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight, current_exchange
from mcpstore.wire.sdk.channel import SdkChannel
from mcpstore.wire.sdk.headers import Headers
from wire.http_world import Fake, Request, a_peer, answer, legacy, modern, reply, until

SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "deep": {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "Depth"}}},
        "plain": {"type": "string"},
    },
}
TOOLS = [
    {"name": "größe", "inputSchema": SCHEMA},
    {"name": "plain", "inputSchema": {"type": "object"}},
]


def handle(request: Request) -> bytes | None:
    if request.rpc == "tools/list":
        return answer(request, {"tools": TOOLS, "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
    return answer(request, {"content": [], "resultType": "complete"})


async def test_headers_and_meta_equal_those_of_a_session_of_the_sdk():
    arguments = {"region": "eu west\n1", "deep": {"n": 3}, "plain": "x"}
    sent: list[list[Request]] = []
    async with Fake(lambda r: modern(r) or handle(r)) as fake, Client(FastMCPHttp(fake.url)) as client:
        await client.list_tools()
        await client.call_tool_mcp("größe", arguments)
        sent.append(fake.got)
    async with Fake(lambda r: modern(r) or handle(r)) as fake:
        async with streamable_http(HttpSettings(url=fake.url), a_peer()) as connection:
            await connection.request("tools/list")
            await connection.request("tools/call", {"name": "größe", "arguments": arguments})
        sent.append(fake.got)
    theirs, ours = sent
    assert [r.rpc for r in ours] == [r.rpc for r in theirs] == ["server/discover", "tools/list", "tools/call"]
    for mine, their in zip(ours, theirs, strict=True):
        assert of_mcp(mine) == of_mcp(their)
        meta, our_meta = their.message["params"]["_meta"], mine.message["params"]["_meta"]
        # Only the FastMCP client requests the log of the server.
        assert {key for key in meta if "modelcontextprotocol" in key} - {mcp_types.LOG_LEVEL_META_KEY} <= set(our_meta)
        assert meta[protocol.PROTOCOL_VERSION_KEY] == our_meta[protocol.PROTOCOL_VERSION_KEY]
    assert of_mcp(ours[2])["mcp-param-region"] == "=?base64?ZXUgd2VzdAox?="
    assert of_mcp(ours[2])["mcp-param-depth"] == "3"


def of_mcp(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.startswith("mcp-")}


async def test_headers_of_the_legacy_era_equal_those_of_a_session_of_the_sdk():
    sent: list[list[Request]] = []
    full = lambda r: legacy(r, Mcp_Session_Id="s1") or handle(r)  # noqa: E731
    async with Fake(full) as fake, Client(FastMCPHttp(fake.url), mode="legacy") as client:
        await client.list_tools()
        sent.append(fake.got)
    async with Fake(full) as fake:
        async with streamable_http(HttpSettings(url=fake.url), a_peer(era=Era.LEGACY)) as connection:
            await connection.request("tools/list")
        sent.append(fake.got)
    theirs, ours = ({(r.method, r.rpc): of_mcp(r) for r in got if r.method != "GET"} for got in sent)
    assert ours == theirs
    assert ours["POST", "tools/list"] == {"mcp-protocol-version": "2025-06-18", "mcp-session-id": "s1"}


async def test_a_tool_with_unsendable_headers_is_left_out_and_the_others_stay(caplog):
    bad = {
        "name": "bad",
        "inputSchema": {"type": "object", "properties": {"a": {"type": "number", "x-mcp-header": "A"}}},
    }
    listed = {"tools": [TOOLS[1], bad, {"noname": 1}, "text"], "nextCursor": "more"}
    async with (
        Fake(lambda r: modern(r) or answer(r, listed)) as fake,
        streamable_http(HttpSettings(url=fake.url), a_peer()) as connection,
    ):
        result = await connection.request("tools/list")
    assert result == {"tools": [TOOLS[1], {"noname": 1}, "text"], "nextCursor": "more"}
    assert "tool 'bad' is left out" in caplog.text


def test_arguments_in_headers_are_dropped_with_the_list_that_declared_them():
    headers = Headers()

    def listed(number: int, tools: list[Any], **params: Any) -> None:
        headers.outgoing({"id": number, "method": "tools/list", "params": stamped(**params)})
        headers.incoming(number, {"result": {"tools": tools}})

    call = {"id": 9, "method": "tools/call", "params": stamped(name="größe", arguments={"region": "eu"})}
    listed(1, TOOLS)
    assert headers.outgoing(call)["Mcp-Param-Region"] == "eu"
    listed(2, [], cursor="more")  # the next page of the same list
    assert headers.outgoing(call)["Mcp-Param-Region"] == "eu"
    listed(3, [])
    assert "Mcp-Param-Region" not in headers.outgoing(call)


def stamped(**params: Any) -> dict[str, Any]:
    return {**params, "_meta": {protocol.PROTOCOL_VERSION_KEY: "2026-07-28"}}


async def test_the_sdk_carries_the_context_of_a_message_to_its_post():
    seen: list[Any] = []

    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    class WatchingClient(httpx2.AsyncClient):
        async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
            seen.append((request.method, current_exchange.get()))
            return httpx2.Response(202, request=request)

    class Line:
        def lost_session(self) -> None: ...
        def resumed(self) -> None: ...

    exchanges = [InFlight(Line(), failures.append) for failures in ([], [])]
    async with (
        WatchingClient() as client,
        streamable_http_client("http://127.0.0.1:1/mcp", http_client=client) as (read, write),
    ):
        channel = SdkChannel(read, write)
        for number, exchange in enumerate(exchanges):
            message = {"jsonrpc": "2.0", "id": number, "method": "any"}
            await channel.send(message, json.dumps(message).encode(), exchange)
        with anyio.fail_after(5):
            await until(lambda: len(seen) == 2)
    assert seen == [("POST", exchange) for exchange in exchanges]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Connection closed", Kind.BROKEN),
        ("SSE stream ended without a response", Kind.BROKEN),
        ("SSE stream ended and reconnection attempts were exhausted", Kind.BROKEN),
        ("SSE stream failed: Server-sent event exceeded the 7 byte limit.", Kind.TOO_LONG),
    ],
)
def test_error_messages_that_the_sdk_creates_for_a_server_are_unchanged(text, kind):
    import inspect

    import mcp.client.streamable_http as sdk
    import mcp.shared.jsonrpc_dispatcher as dispatcher

    from mcpstore.wire.sdk.channel import _failure_of_sdk_error

    source = inspect.getsource(sdk) + inspect.getsource(dispatcher)
    assert text.partition(": ")[0] in source
    assert 'f"Redirect to {location} not followed' in source
    assert "server answered a request with 202 Accepted" in source

    class Line:
        def lost_session(self) -> None: ...
        def resumed(self) -> None: ...

    error = mcp_types.JSONRPCError(jsonrpc="2.0", id=1, error=mcp_types.ErrorData(code=-32000, message=text))
    failure = _failure_of_sdk_error(error, InFlight(Line(), [].append))
    assert isinstance(failure, HttpFailure)
    assert failure.kind is kind


def test_protocol_constants_equal_those_of_the_sdk():
    assert protocol.LEGACY_VERSIONS == HANDSHAKE_PROTOCOL_VERSIONS
    assert protocol.MODERN_VERSIONS == MODERN_PROTOCOL_VERSIONS
    assert protocol.PROTOCOL_VERSION_KEY == mcp_types.PROTOCOL_VERSION_META_KEY
    assert protocol.CLIENT_INFO_KEY == mcp_types.CLIENT_INFO_META_KEY
    assert protocol.CLIENT_CAPABILITIES_KEY == mcp_types.CLIENT_CAPABILITIES_META_KEY
    assert protocol.SERVER_INFO_KEY == mcp_types.SERVER_INFO_META_KEY
    assert protocol.UNSUPPORTED_VERSION == mcp_types.UNSUPPORTED_PROTOCOL_VERSION


async def test_logging_of_the_sdk_is_suppressed_only_inside_connections(caplog):
    caplog.set_level(logging.DEBUG)
    chatty = [logging.getLogger(name) for name in ("httpx2", "mcp.client.streamable_http", "httpcore2.http11")]
    answers = iter([reply(200, "{", Content_Type="application/json")])
    async with Fake(lambda r: modern(r) or next(answers, None) or handle(r)) as fake:
        async with streamable_http(HttpSettings(url=f"{fake.url}?key=hunter2hunter2"), a_peer()) as connection:
            with contextlib.suppress(Exception):
                await connection.request("tools/list")
            await connection.request("tools/list")
        assert not [record for record in caplog.records if record.name in {logger.name for logger in chatty}]
        for logger in chatty:
            logger.info("logged elsewhere")
    assert caplog.text.count("logged elsewhere") == len(chatty)


async def test_an_exception_on_the_stream_of_the_sdk_is_skipped():
    from mcp.shared.message import SessionMessage

    async def read() -> Any:
        yield ValueError("cannot be parsed")
        message = mcp_types.JSONRPCNotification(jsonrpc="2.0", method="notifications/odd", params={"a": 1})
        yield SessionMessage(message)

    taken: list[Any] = []

    class Receiver:
        take = staticmethod(taken.append)

    assert await SdkChannel(read(), None, ended="over").receive_into(Receiver()) == "over"
    assert taken == [{"jsonrpc": "2.0", "method": "notifications/odd", "params": {"a": 1}}]
