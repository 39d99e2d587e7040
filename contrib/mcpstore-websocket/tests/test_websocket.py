"""MCP over WebSockets, against real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, ClassVar

import mcpstore_websocket
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from mcpstore.errors import AuthRequired, ConnectRefused, NotReady
from mcpstore.hooks import ClientEndpoint
from mcpstore.testing.faults import fault_process
from mcpstore.testing.suites import TransportSuite

TRANSPORT = next(iter(mcpstore_websocket.mcpstore_transports()))


@asynccontextmanager
async def bridged(port: int) -> AsyncGenerator[str]:
    """Serve a WebSocket in front of a TCP server, and yield its URL."""

    async def splice(socket: ServerConnection) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)

        async def back() -> None:
            while line := await reader.readline():
                await socket.send(line.rstrip(b"\n"), text=True)
            await socket.close()

        answering = asyncio.create_task(back())
        try:
            async for message in socket:
                assert isinstance(message, str)
                writer.write(message.encode() + b"\n")
        finally:
            writer.close()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async with serve(splice, "127.0.0.1", 0, subprotocols=["mcp"], max_size=None, close_timeout=1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class TestWebSocket(TransportSuite):
    plugin = mcpstore_websocket
    name = "websocket"
    lacks: ClassVar = {"lines": "frames carry one message each, so nothing can stand between them"}

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        async with fault_process("--tcp", 0, *faults) as behind, bridged(behind.port) as url:
            yield {"url": url}

    def nowhere(self) -> Mapping[str, Any]:
        return {"url": "ws://127.0.0.1:9/"}

    def with_secret(self, settings: Mapping[str, Any], secret: str) -> Mapping[str, Any]:
        return {**settings, "headers": {"Authorization": f"Bearer {secret}"}}


@asynccontextmanager
async def refusing(status: HTTPStatus) -> AsyncGenerator[str]:
    async def never(socket: ServerConnection) -> None:
        raise AssertionError

    def refuse(connection: ServerConnection, _request: Any) -> Any:
        return connection.respond(status, "no\n")

    async with serve(never, "127.0.0.1", 0, process_request=refuse) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (HTTPStatus.UNAUTHORIZED, AuthRequired),
        (HTTPStatus.NOT_FOUND, ConnectRefused),
        (HTTPStatus.SERVICE_UNAVAILABLE, NotReady),
        (HTTPStatus.TOO_MANY_REQUESTS, NotReady),
    ],
)
async def test_the_error_for_a_refused_upgrade_says_whether_to_retry(status, kind):
    async with refusing(status) as url:
        with pytest.raises(kind, match=str(status.value)):
            async with TRANSPORT.connect(mcpstore_websocket.WebSocketSettings(url=url), ClientEndpoint()):
                pass


async def test_line_breaks_in_a_message_are_white_space():
    async def pretty(socket: ServerConnection) -> None:
        try:
            async for message in socket:
                asked = json.loads(message)
                if "id" in asked:
                    result = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "a\nb"}}
                    await socket.send(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}, indent=2))
        except ConnectionClosed:
            pass

    async with serve(pretty, "127.0.0.1", 0, subprotocols=["mcp"]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with TRANSPORT.connect(mcpstore_websocket.WebSocketSettings(url=url), ClientEndpoint()) as connection:
            assert connection.server.name == "a\nb"


def test_a_url_with_another_scheme_is_refused():
    with pytest.raises(ValueError, match="must begin with ws:// or wss://"):
        mcpstore_websocket.WebSocketSettings(url="http://example.org")
