"""The HTTP client of a service, made without holding up the event loop."""

from __future__ import annotations

import asyncio

from mcpstore.hooks.connection import ClientEndpoint
from mcpstore.wire.http.address_filter import guarded_transport
from mcpstore.wire.http.auth import headers_of, login_of
from mcpstore.wire.http.certificates import tls_context
from mcpstore.wire.http.client import LIMITS, SessionClient
from mcpstore.wire.http.settings import HttpSettings

__all__ = ["log_in", "session_client"]


async def session_client(settings: HttpSettings, peer: ClientEndpoint, *, answers_inline: bool) -> SessionClient:
    """Return a client for one session; it is closed by leaving it.

    Raises:
        ConnectRefused: The certificates the settings name cannot be read.
    """
    verify = await tls_context(settings.verify)
    auth = await asyncio.to_thread(login_of, settings, verify) if settings.auth is not None else None
    return SessionClient(
        peer,
        answers_inline=answers_inline,
        headers=headers_of(settings),
        auth=auth,
        verify=verify,
        transport=guarded_transport(settings.addresses, verify, LIMITS),
    )


async def log_in(client: SessionClient, settings: HttpSettings) -> None:
    """Have a login by browser over before the handshake, whose deadlines are for machines.

    Raises:
        HttpFailure: The login failed, or there is nobody to log in to.
    """
    if settings.auth is None or settings.auth.oauth is None:
        return
    request = client.build_request("HEAD", settings.url)
    try:
        response = await client.send(request, stream=True)
    except Exception as error:
        raise client.failure(error, request) from error
    await response.aclose()
