"""The HTTP client of a service, made without holding up the event loop."""

from __future__ import annotations

import asyncio

from mcpstore.hooks.connection import Peer
from mcpstore.wire.http.certificates import tls_context
from mcpstore.wire.http.client import SessionClient
from mcpstore.wire.http.login import headers_of, login_of
from mcpstore.wire.http.settings import HttpSettings

__all__ = ["session_client"]


async def session_client(settings: HttpSettings, peer: Peer, *, answers_inline: bool) -> SessionClient:
    """Return a client for one session; it is closed by leaving it.

    Raises:
        ConnectRefused: The certificates the settings name cannot be read.
    """
    verify = await tls_context(settings.verify)
    auth = await asyncio.to_thread(login_of, settings) if settings.auth is not None else None
    return SessionClient(peer, answers_inline=answers_inline, headers=headers_of(settings), auth=auth, verify=verify)
