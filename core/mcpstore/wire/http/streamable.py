"""Connections over streamable HTTP, through the SDK's transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp.client.streamable_http import streamable_http_client

from mcpstore.hooks.connection import ClientEndpoint, Era
from mcpstore.wire.http.client_factory import log_in, session_client
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.messages.channel import Channel
from mcpstore.wire.messages.connection import RelayedConnection, relayed
from mcpstore.wire.sdk.channel import SdkChannel
from mcpstore.wire.sdk_logging import silence_sdk_logging

__all__ = ["streamable_http"]


@asynccontextmanager
async def streamable_http(settings: HttpSettings, peer: ClientEndpoint) -> AsyncGenerator[RelayedConnection]:
    """Connect to a service by streamable HTTP; see `relayed`.

    Args:
        settings: Settings of the service.
        peer: Client side of the connection.
    """

    @asynccontextmanager
    async def open_channel() -> AsyncGenerator[Channel]:
        silence_sdk_logging()
        async with await session_client(settings, peer, answers_inline=True) as client:
            await log_in(client, settings)
            # Not FastMCP's transport, which reads no event of more than 1 MiB.
            async with streamable_http_client(settings.url, http_client=client, max_sse_event_size=peer.max_frame) as (
                read,
                write,
            ):
                yield SdkChannel(read, write)

    async with relayed(open_channel, peer, era_first=Era.MODERN) as connection:
        yield connection
