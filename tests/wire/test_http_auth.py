"""Login by browser: once, and not again after a restart of the manager."""

from __future__ import annotations

import asyncio
import stat
import time
import webbrowser

import anyio
import httpx2
import pytest
from fastmcp.server.auth.providers.in_memory import ClientRegistrationOptions, InMemoryOAuthProvider

from mcpstore.errors import AuthRequired
from mcpstore.hooks import Era
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import a_peer, make_server, serving, unused_port


@pytest.fixture
def logins(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "mcpstore" / "logins"


@pytest.fixture
def browser(monkeypatch):
    """A browser whose user accepts every login; returns the opened pages."""
    opened: list[str] = []

    def agree(url: str) -> None:
        time.sleep(0.5)  # longer than the timeout for an answer
        httpx2.get(url, follow_redirects=True, timeout=20)

    def open_page(url: str) -> bool:
        opened.append(url)
        asyncio.get_running_loop().run_in_executor(None, agree, url)
        return True

    monkeypatch.setattr("mcpstore.wire.handshake.DISCOVER_PATIENCE", 0.3)

    monkeypatch.setattr(webbrowser, "open", open_page)
    return opened


def protected(port: int, path: str = "mcp"):
    options = ClientRegistrationOptions(enabled=True)
    auth = InMemoryOAuthProvider(base_url=f"http://127.0.0.1:{port}", client_registration_options=options)
    server = make_server()
    server.auth = auth
    return server.http_app(transport="sse" if path == "sse" else "http")


async def test_a_user_logs_in_once(logins, browser):
    port = unused_port()
    settings = HttpSettings.model_validate({"url": f"http://127.0.0.1:{port}/mcp", "auth": "oauth"})
    secrets: list[str] = []
    async with serving(protected(port), port=port):
        with anyio.fail_after(60):
            for _ in range(2):
                secrets.clear()
                async with streamable_http(
                    settings, a_peer(handshake_timeout=40, on_secret=secrets.append)
                ) as connection:
                    assert connection.era is Era.MODERN
                    assert "tools" in await connection.request("tools/list", timeout=20)
    assert len(browser) == 1
    kept = [path for path in logins.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    [token] = secrets
    assert any(token in path.read_text() for path in kept)
    assert stat.S_IMODE(logins.stat().st_mode) == 0o700


async def test_without_a_login_the_server_refuses_the_connection(logins):
    port = unused_port()
    async with serving(protected(port), port=port):
        with pytest.raises(AuthRequired, match=r"needs login: .* answered 401 Unauthorized; set headers.Authorization"):
            async with streamable_http(HttpSettings(url=f"http://127.0.0.1:{port}/mcp"), a_peer()):
                pass
    assert not logins.exists()


@pytest.mark.parametrize(("transport", "path"), [(streamable_http, "mcp"), (sse, "sse")])
async def test_a_failed_login_is_reported_as_such(logins, monkeypatch, transport, path):
    def broken(_url: str) -> bool:
        raise OSError("no display")

    monkeypatch.setattr(webbrowser, "open", broken)
    port = unused_port()
    settings = HttpSettings.model_validate({"url": f"http://127.0.0.1:{port}/{path}", "auth": "oauth"})
    async with serving(protected(port, path), port=port):
        with pytest.raises(AuthRequired, match="needs login: the login failed \\(no display\\)"):
            async with transport(settings, a_peer(handshake_timeout=40)):
                pass
