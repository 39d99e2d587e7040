"""Authentication: a token in a header, or an OAuth login in the browser whose tokens are stored."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mcpstore.wire.http.settings import HttpSettings, OAuthClient

if TYPE_CHECKING:
    import httpx2

__all__ = ["headers_of", "login_of"]


def headers_of(settings: HttpSettings) -> dict[str, str]:
    """Return the headers of every request."""
    headers = dict(settings.headers)
    token = settings.auth.bearer if settings.auth is not None else None
    if token is not None and not any(name.lower() == "authorization" for name in headers):
        headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    return headers


def login_of(settings: HttpSettings, verify: ssl.SSLContext) -> httpx2.Auth | None:
    """Return the OAuth login of the settings, or None. Blocks: it imports FastMCP and creates a folder.

    Args:
        settings: Settings of the service.
        verify: TLS context for the authorization server.
    """
    oauth = settings.auth.oauth if settings.auth is not None else None
    return _by_browser(settings, oauth, verify) if oauth is not None else None


def _by_browser(settings: HttpSettings, client: OAuthClient, verify: ssl.SSLContext) -> httpx2.Auth:
    import httpx2  # noqa: PLC0415 - as FastMCP
    from fastmcp.client.auth import OAuth  # noqa: PLC0415 - FastMCP is loaded for OAuth only
    from key_value.aio.stores.filetree import (  # noqa: PLC0415
        FileTreeStore,
        FileTreeV1CollectionSanitizationStrategy,
        FileTreeV1KeySanitizationStrategy,
    )

    from mcpstore.wire.http.address_filter import filtered_transport  # noqa: PLC0415 - as httpx2

    def page_reader() -> httpx2.AsyncClient:
        """Return the client that checks the login page; its URL comes from the server, so it is filtered, too."""
        transport = filtered_transport(settings.addresses, verify, httpx2.Limits())
        return httpx2.AsyncClient(verify=verify, transport=transport)

    folder = _folder()
    secret = client.client_secret
    return OAuth(
        settings.url,
        scopes=list(client.scopes),
        client_name="MCPStore",
        # On disk, so that a restart of the manager needs no new login.
        token_storage=FileTreeStore(
            data_directory=folder,
            key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(folder),
            collection_sanitization_strategy=FileTreeV1CollectionSanitizationStrategy(folder),
        ),
        callback_port=client.callback_port,
        httpx_client_factory=cast("Any", page_reader),  # called without arguments, unlike its annotation
        client_id=client.client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
    )


def _folder() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415 - for OAuth only

    folder = user_data_path("mcpstore") / "logins"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # contains tokens
    return folder
