"""Connections over streamable HTTP, through the SDK's own transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp.client.streamable_http import streamable_http_client

from mcpstore.hooks.connection import Era, Peer
from mcpstore.wire.http.opening import session_client
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.quiet import quieten
from mcpstore.wire.relay.channel import Channel
from mcpstore.wire.relay.connection import RelayedConnection, relayed
from mcpstore.wire.sdk.channel import SdkChannel

__all__ = ["streamable_http"]


@asynccontextmanager
async def streamable_http(settings: HttpSettings, peer: Peer) -> AsyncGenerator[RelayedConnection]:
    """Connect to a service by streamable HTTP; see `relayed`.

    Args:
        settings: Where it is, and how to prove who we are.
        peer: Our side of the wire.
    """

    @asynccontextmanager
    async def open_channel() -> AsyncGenerator[Channel]:
        quieten()
        client = await session_client(settings, peer, answers_inline=True)
        # FastMCP's own transport has no say in how long an event may be: 1 MiB, less than many a result.
        sdk = streamable_http_client(settings.url, http_client=client, max_sse_event_size=peer.max_frame)
        async with client, sdk as (read, write):
            yield SdkChannel(read, write)

    async with relayed(open_channel, peer, era_first=Era.MODERN) as connection:
        yield connection
