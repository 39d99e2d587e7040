"""Transport `websocket`: MCP over a WebSocket, one JSON message a frame, subprotocol `mcp`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field, SecretStr, field_validator

from mcpstore.errors import AuthRequired, ConnectRefused, ConnectTimeout, NotReady
from mcpstore.hooks import ClientEndpoint, Connection, Transport, hookimpl
from mcpstore.wire import json_lines

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["WebSocketSettings", "connect"]

UNAUTHORIZED: Final = (401, 403)
SERVER_ERROR: Final = 500
TOO_MANY_REQUESTS: Final = 429


class WebSocketSettings(BaseModel, extra="forbid"):
    """Settings of a service.

    Attributes:
        url: URL of the service, `ws://…` or `wss://…`.
        headers: Headers of the opening request, such as `Authorization`.
    """

    url: str
    headers: dict[str, SecretStr] = Field(default_factory=dict)

    @field_validator("url")
    @classmethod
    def _is_websocket(cls, url: str) -> str:
        if not url.startswith(("ws://", "wss://")):
            raise ValueError("must begin with ws:// or wss://")
        return url


class _Lines:
    """Byte stream of lines over a WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._rest = b""

    async def receive(self, max_bytes: int = 65536) -> bytes:  # noqa: ARG002 - a message is returned whole
        from websockets.exceptions import ConnectionClosedOK  # noqa: PLC0415 - already loaded

        try:
            message = await self._socket.recv(decode=False)
        except ConnectionClosedOK:
            return b""
        # Line breaks in JSON are white space; those in strings are escaped.
        return message.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"

    async def send(self, item: bytes) -> None:
        *lines, self._rest = (self._rest + item).split(b"\n")
        for line in lines:
            if line:
                await self._socket.send(line, text=True)

    async def aclose(self) -> None:
        await self._socket.close()


@asynccontextmanager
async def connect(settings: WebSocketSettings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Open a connection, and close it when the block is left.

    Args:
        settings: Settings of the service.
        peer: Client side of the connection.
    """
    async with json_lines(_Lines(await _opened(settings, peer)), peer) as connection:
        yield connection


async def _opened(settings: WebSocketSettings, peer: ClientEndpoint) -> ClientConnection:
    await asyncio.to_thread(
        import_module, "websockets.asyncio.client"
    )  # in a thread, because importing it takes a while
    from websockets.asyncio.client import connect as dial  # noqa: PLC0415 - already loaded
    from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI  # noqa: PLC0415
    from websockets.typing import Subprotocol  # noqa: PLC0415

    try:
        return await dial(
            settings.url,
            additional_headers={name: value.get_secret_value() for name, value in settings.headers.items()},
            subprotocols=[Subprotocol("mcp")],
            max_size=peer.max_frame,
            open_timeout=peer.connect_timeout,
            close_timeout=peer.closing.polite,
        )
    except InvalidURI as error:
        raise ConnectRefused(f"url: {error}") from error
    except InvalidStatus as error:
        status = error.response.status_code
        if status in UNAUTHORIZED:
            raise AuthRequired(f"server answered {status}; set headers.Authorization") from error
        if status >= SERVER_ERROR or status == TOO_MANY_REQUESTS:
            raise NotReady(f"server answered {status}") from error
        raise ConnectRefused(f"server answered {status}; correct url") from error
    except InvalidHandshake as error:
        raise NotReady(f"WebSocket could not be opened: {error}") from error
    except TimeoutError:
        raise ConnectTimeout(f"server did not answer within {peer.connect_timeout:g} s") from None
    except OSError as error:
        raise NotReady(f"server cannot be reached: {error}") from error


@hookimpl
def mcpstore_transports() -> Iterable[Transport[WebSocketSettings]]:
    """Return the transport."""
    yield Transport(name="websocket", config=WebSocketSettings, connect=connect)
