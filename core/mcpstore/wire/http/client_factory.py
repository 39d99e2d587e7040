"""Creation of a service's HTTP client without blocking the event loop."""

from __future__ import annotations

import asyncio

from mcpstore.hooks.connection import ClientEndpoint
from mcpstore.wire.http.address_filter import filtered_transport
from mcpstore.wire.http.auth import headers_of, login_of
from mcpstore.wire.http.certificates import tls_context
from mcpstore.wire.http.client import LIMITS, SessionClient
from mcpstore.wire.http.settings import HttpSettings

__all__ = ["log_in", "session_client"]


async def session_client(settings: HttpSettings, peer: ClientEndpoint, *, answers_inline: bool) -> SessionClient:
    """Return a client for one session; use it as a context manager.

    Raises:
        ConnectRefused: The certificates in the settings cannot be read.
    """
    verify = await tls_context(settings.verify)
    auth = await asyncio.to_thread(login_of, settings, verify) if settings.auth is not None else None
    return SessionClient(
        peer,
        answers_inline=answers_inline,
        headers=headers_of(settings),
        auth=auth,
        verify=verify,
        transport=filtered_transport(settings.addresses, verify, LIMITS),
    )


async def log_in(client: SessionClient, settings: HttpSettings) -> None:
    """Complete an OAuth login before the handshake, whose timeouts are too short for a person.

    Raises:
        HttpFailure: The login failed, or the server cannot be reached.
    """
    if settings.auth is None or settings.auth.oauth is None:
        return
    request = client.build_request("HEAD", settings.url)
    try:
        response = await client.send(request, stream=True)
    except Exception as error:
        raise client.failure(error, request) from error
    await response.aclose()
