"""Adapter from any FastMCP client transport to a connection. Importing this module imports FastMCP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

import attrs
import httpx2
from fastmcp.client.transports.base import ClientTransport, TransportOptions

from mcpstore.errors import ServiceError
from mcpstore.hooks.connection import ClientEndpoint, Era
from mcpstore.wire.exception_tree import leaves
from mcpstore.wire.http.failures import of_exception, of_refusal
from mcpstore.wire.messages.channel import Channel
from mcpstore.wire.messages.connection import RelayedConnection, relayed
from mcpstore.wire.messages.failure import HttpFailure
from mcpstore.wire.sdk.channel import SdkChannel
from mcpstore.wire.sdk.streams import BareStreams
from mcpstore.wire.sdk_logging import silence_sdk_logging

__all__ = ["from_fastmcp"]

_logger: Final = logging.getLogger("mcpstore.wire")


@asynccontextmanager
async def from_fastmcp(
    transport: ClientTransport, peer: ClientEndpoint, *, era: Era = Era.MODERN
) -> AsyncGenerator[RelayedConnection]:
    """Open a FastMCP client transport, yield the connection after the handshake, and close everything at the end.

    Results stay as the server sent them: no model of the SDK validates them, so an invalid item hides no other. The
    transport is used for this connection only; FastMCP's transports cannot be shared.

    Args:
        transport: A client transport of FastMCP, or of your own.
        peer: Identity, handlers and time limits of the client side.
        era: The era tried first, unless `peer.era` is known. A transport with `legacy_only` uses the legacy era.

    Raises:
        NotReady: The server is not ready.
        ConnectTimeout: It did not answer in time.
        ConnectRefused: It refused in a way that another attempt does not change.
        CloseFailed: At the end: the transport could not be closed.

    Example:
        ::

            async with from_fastmcp(FastMCPTransport(server), peer) as connection:
                tools = await connection.request("tools/list")
    """

    @asynccontextmanager
    async def open_channel() -> AsyncGenerator[Channel]:
        if hasattr(transport, "url"):
            silence_sdk_logging()
        options = TransportOptions(session_class=cast("Any", BareStreams))
        with _in_our_words():
            async with transport.connect_session(transport_options=options) as session:
                streams = cast("BareStreams", session)
                yield SdkChannel(streams.read, streams.write)

    if transport.legacy_only:
        peer, era = attrs.evolve(peer, era=Era.LEGACY), Era.LEGACY
    try:
        async with relayed(open_channel, peer, era_first=era) as connection:
            yield connection
    finally:
        await _close(transport, peer)


async def _close(transport: ClientTransport, peer: ClientEndpoint) -> None:
    """Close what a transport keeps open between sessions, for example the process of FastMCP's stdio transport."""
    try:
        async with asyncio.timeout(peer.closing.polite + peer.closing.term):
            await transport.close()  # type: ignore[no-untyped-call]  # FastMCP left its type out
    except Exception as error:  # FastMCP raises an earlier error again
        _logger.debug("the transport of service %r ended badly", peer.service, exc_info=error)


@contextmanager
def _in_our_words() -> Generator[None]:
    try:
        yield
    except Exception as error:
        for leaf in leaves(error):
            if isinstance(leaf, httpx2.HTTPError | httpx2.InvalidURL):
                raise _as_failure(leaf) from error
        raise


def _as_failure(error: httpx2.HTTPError | httpx2.InvalidURL) -> HttpFailure | ServiceError:
    if isinstance(error, httpx2.HTTPStatusError):
        return of_refusal(error.response, b"")
    return of_exception(error, error.request.url if isinstance(error, httpx2.RequestError) else httpx2.URL())
