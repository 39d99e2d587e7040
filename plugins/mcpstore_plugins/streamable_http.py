"""Transport `streamable_http`: MCP over HTTP, in both protocol eras."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from importlib import import_module

from mcpstore.hooks import ClientEndpoint, Connection, Transport, hookimpl
from mcpstore.wire.http.settings import HttpSettings

__all__ = ["connect", "mcpstore_transports"]


@asynccontextmanager
async def connect(settings: HttpSettings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Open a connection.

    Args:
        settings: Address of the service, and options.
        peer: Client side of the connection.
    """
    # Importing the SDK takes half a second, so it is done in a thread.
    await asyncio.to_thread(import_module, "mcpstore.wire.http.streamable")
    from mcpstore.wire.http.streamable import streamable_http  # noqa: PLC0415 - see above

    async with streamable_http(settings, peer) as connection:
        yield connection


def handshake_timeout(settings: HttpSettings) -> float:
    """Return the handshake timeout in seconds; it is longer with a login in the browser."""
    return settings.handshake_timeout


@hookimpl
def mcpstore_transports() -> Iterable[Transport[HttpSettings]]:
    """Return the transport."""
    yield Transport(name="streamable_http", config=HttpSettings, connect=connect, handshake_timeout=handshake_timeout)
