"""Transport `sse`: the HTTP transport of protocol version 2024-11-05, with responses on a stream of events."""

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
    # Importing the HTTP client takes a while, so it is done in a thread.
    await asyncio.to_thread(import_module, "mcpstore.wire.http.sse")
    from mcpstore.wire.http.sse import sse  # noqa: PLC0415 - see above

    async with sse(settings, peer) as connection:
        yield connection


def handshake_timeout(settings: HttpSettings) -> float:
    """Return the handshake timeout in seconds; it is longer with a login in the browser."""
    return settings.handshake_timeout


@hookimpl
def mcpstore_transports() -> Iterable[Transport[HttpSettings]]:
    """Return the transport."""
    yield Transport(name="sse", config=HttpSettings, connect=connect, handshake_timeout=handshake_timeout)
