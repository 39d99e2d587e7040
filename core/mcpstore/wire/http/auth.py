"""Proving who we are: a token in a header, or a login by browser whose outcome is kept."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mcpstore.wire.http.settings import HttpSettings, OAuthClient

if TYPE_CHECKING:
    import httpx2

__all__ = ["headers_of", "login_of"]


def headers_of(settings: HttpSettings) -> dict[str, str]:
    """Return the headers sent with every request."""
    headers = dict(settings.headers)
    token = settings.auth.bearer if settings.auth is not None else None
    if token is not None and not any(name.lower() == "authorization" for name in headers):
        headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    return headers


def login_of(settings: HttpSettings, verify: ssl.SSLContext) -> httpx2.Auth | None:
    """Return what logs in by browser when the server asks for it, if the settings say so.

    Loads FastMCP, and makes a folder; not to be called on the event loop.

    Args:
        settings: What the settings say.
        verify: How the certificates of whoever gives out tokens are checked.
    """
    oauth = settings.auth.oauth if settings.auth is not None else None
    return _by_browser(settings, oauth, verify) if oauth is not None else None


def _by_browser(settings: HttpSettings, client: OAuthClient, verify: ssl.SSLContext) -> httpx2.Auth:
    import httpx2  # noqa: PLC0415 - as FastMCP
    from fastmcp.client.auth import OAuth  # noqa: PLC0415 - FastMCP is loaded only where somebody logs in
    from key_value.aio.stores.filetree import (  # noqa: PLC0415
        FileTreeStore,
        FileTreeV1CollectionSanitizationStrategy,
        FileTreeV1KeySanitizationStrategy,
    )

    from mcpstore.wire.http.address_filter import guarded_transport  # noqa: PLC0415 - as httpx2

    def page_reader() -> httpx2.AsyncClient:
        """Return what looks at the page a server wants to have opened, which is nobody's word but the server's."""
        transport = guarded_transport(settings.addresses, verify, httpx2.Limits())
        return httpx2.AsyncClient(verify=verify, transport=transport)

    folder = _folder()
    secret = client.client_secret
    return OAuth(
        settings.url,
        scopes=list(client.scopes),
        client_name="MCPStore",
        # Kept on disk: a manager that asks for a login whenever it starts would not be used for long.
        token_storage=FileTreeStore(
            data_directory=folder,
            key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(folder),
            collection_sanitization_strategy=FileTreeV1CollectionSanitizationStrategy(folder),
        ),
        callback_port=client.callback_port,
        httpx_client_factory=cast("Any", page_reader),  # which is called with nothing, whatever its type says
        client_id=client.client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
    )


def _folder() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415 - only where somebody logs in

    folder = user_data_path("mcpstore") / "logins"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # tokens lie in it
    return folder
