"""MCP over a WebSocket: one JSON message a frame, subprotocol `mcp`."""

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
TOO_MANY: Final = 429


class WebSocketSettings(BaseModel, extra="forbid"):
    """Where the service is.

    Attributes:
        url: Its address, `ws://…` or `wss://…`.
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
    """Messages of a WebSocket as a stream of lines."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._rest = b""

    async def receive(self, max_bytes: int = 65536) -> bytes:  # noqa: ARG002 - messages come as they are
        from websockets.exceptions import ConnectionClosedOK  # noqa: PLC0415 - loaded by now

        try:
            message = await self._socket.recv(decode=False)
        except ConnectionClosedOK:
            return b""
        # Line breaks in JSON are mere space: those in strings are escaped.
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
    """Open a connection.

    Args:
        settings: Where the service is.
        peer: Our side of the wire.
    """
    async with json_lines(_Lines(await _opened(settings, peer)), peer) as connection:
        yield connection


async def _opened(settings: WebSocketSettings, peer: ClientEndpoint) -> ClientConnection:
    await asyncio.to_thread(import_module, "websockets.asyncio.client")
    from websockets.asyncio.client import connect as dial  # noqa: PLC0415 - dear to import, and loaded by now
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
            raise AuthRequired(f"the service answered {status}; give it its headers") from error
        if status >= SERVER_ERROR or status == TOO_MANY:
            raise NotReady(f"the service answered {status}") from error
        raise ConnectRefused(f"the service answered {status}; look at its url") from error
    except InvalidHandshake as error:
        raise NotReady(f"no WebSocket could be opened: {error}") from error
    except TimeoutError:
        raise ConnectTimeout(f"the service did not answer within {peer.connect_timeout:g} s") from None
    except OSError as error:
        raise NotReady(f"the service cannot be reached: {error}") from error


@hookimpl
def mcpstore_transports() -> Iterable[Transport[WebSocketSettings]]:
    """Offer the transport."""
    yield Transport(name="websocket", config=WebSocketSettings, connect=connect)
