"""Transport `template`: MCP over a TCP socket, one JSON message a line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import anyio
from pydantic import BaseModel, Field

from mcpstore.errors import ConnectTimeout, NotReady
from mcpstore.hooks import ClientEndpoint, Connection, Transport, hookimpl
from mcpstore.wire import json_lines

__all__ = ["Settings", "connect"]

mcpstore_api = ">=1.0,<2"


class Settings(BaseModel, extra="forbid"):
    """Address of the service.

    Attributes:
        host: Host name or IP address.
        port: TCP port.
    """

    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)


@asynccontextmanager
async def connect(settings: Settings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Open a connection, and close it when the block is left.

    Args:
        settings: Address of the service.
        peer: Client side of the connection.
    """
    address = f"{settings.host}:{settings.port}"
    try:
        async with asyncio.timeout(peer.connect_timeout):
            stream = await anyio.connect_tcp(settings.host, settings.port)
    except TimeoutError:
        raise ConnectTimeout(f"{address} did not answer within {peer.connect_timeout:g} s") from None
    except OSError as error:
        raise NotReady(f"{address} cannot be reached: {error}") from error
    async with json_lines(stream, peer) as connection:
        yield connection


@hookimpl
def mcpstore_transports() -> Iterable[Transport[Settings]]:
    """Return the transport."""
    yield Transport(name="template", config=Settings, connect=connect)
