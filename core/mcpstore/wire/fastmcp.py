"""Any FastMCP client transport as a connection. Loading this loads FastMCP."""

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
    """Open a FastMCP client transport, yield the connection after the handshake, and close everything in the end.

    Results travel as the server sent them: no model of the SDK looks at them, so an odd one hides nothing else. The
    transport is used for this connection only; FastMCP's transports do not like to be shared.

    Args:
        transport: Any of FastMCP's client transports, or one of your own.
        peer: Our side of the wire.
        era: The era tried first, unless `peer.era` knows better. One that says it is `legacy_only` is not asked.

    Raises:
        NotReady: The service is not there yet.
        ConnectTimeout: It did not answer in time.
        ConnectRefused: Trying again changes nothing.
        CloseFailed: On the way out: the transport does not let itself be closed.

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
    """Close what a transport keeps open between sessions, such as the process of FastMCP's own stdio transport."""
    try:
        async with asyncio.timeout(peer.closing.polite + peer.closing.term):
            await transport.close()  # type: ignore[no-untyped-call]  # FastMCP left its type out
    except Exception as error:  # FastMCP raises again here what was told long ago
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
