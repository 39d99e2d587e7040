"""Connecting over HTTP: eras, certificates, released resources, secrets."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcpstore.errors import ConnectRefused, NotReady
from mcpstore.hooks import Closing, Era
from mcpstore.wire.http.sse import sse
from wire.http_world import (
    LEGACY,
    Fake,
    Request,
    a_peer,
    answer,
    legacy,
    make_server,
    modern,
    open_files,
    refusal,
    reply,
    serving,
    until,
)

from .opening import BOTH, opened, refused

# --- eras --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unknown",
    [
        lambda request: refusal(request, -32601, "Method not found"),
        lambda request: refusal(request, -32600, "Bad Request: Missing session ID", status=400),
        lambda request: refusal(request, -32000, "Bad Request: Server not initialized", status=400),
        lambda _: reply(400, "no session"),
        lambda _: reply(404, "Cannot POST /mcp"),
        lambda _: reply(405),
        lambda _: reply(500, "TypeError"),
        lambda _: reply(200, "<html>", Content_Type="text/html"),
        lambda _: reply(202),
        lambda _: reply(200, "{}", Content_Type="application/json"),
    ],
)
async def test_any_answer_of_an_old_server_to_the_modern_handshake_leads_to_the_legacy_one(unknown):
    def handle(request: Request) -> bytes | None:
        return unknown(request) if request.rpc == "server/discover" else legacy(request) or answer(request)

    async with Fake(handle) as fake, opened(fake.url) as connection:
        assert (connection.era, connection.protocol_version) == (Era.LEGACY, "2025-06-18")
        assert connection.server.name == "fake"
        assert await connection.request("ping") == {}
    (initialized,) = fake.asked("notifications/initialized")
    assert initialized.headers["mcp-protocol-version"] == "2025-06-18"


async def test_the_era_of_the_last_connection_is_tried_first():
    async with Fake(legacy) as fake, opened(fake.url, peer=a_peer(era=Era.LEGACY)):
        assert fake.asked("server/discover") == []


async def test_a_server_that_has_become_modern_is_detected():
    def handle(request: Request) -> bytes | None:
        if request.rpc == "initialize":
            return refusal(request, -32022, "Unsupported", status=400, data={"supported": ["2026-07-28"]})
        return modern(request)

    async with Fake(handle) as fake, opened(fake.url, peer=a_peer(era=Era.LEGACY)) as connection:
        assert connection.era is Era.MODERN


async def test_a_server_that_requires_a_login_is_not_asked_a_second_time():
    async with Fake(lambda _: reply(401)) as fake:
        await refused(fake.url)
    assert len(fake.got) == 1


async def test_a_stale_hint_does_not_make_sse_modern():
    async with (
        serving(make_server().http_app(transport="sse")) as url,
        opened(f"{url}/sse", sse, a_peer(era=Era.MODERN)) as connection,
    ):
        assert connection.era is Era.LEGACY


# --- TLS ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    return key, cert


async def test_an_untrusted_certificate_is_reported_as_the_cause(certificate):
    key, cert = certificate
    async with serving(make_server().http_app(), ssl_keyfile=key, ssl_certfile=cert) as url:
        error = await refused(f"{url}/mcp")
        assert type(error) is NotReady
        assert "is not trusted: self-signed certificate; set verify to the file of the certificate" in str(error)
        async with opened(f"{url}/mcp", verify=str(cert)) as connection:
            assert connection.server.name == "world"
        async with opened(f"{url}/mcp", verify=False) as connection:
            assert connection.server.name == "world"


async def test_a_server_without_tls_at_an_https_url_is_reported_as_the_cause():
    async with serving(make_server().http_app()) as url:
        error = await refused(url.replace("http:", "https:"))
    assert type(error) is NotReady
    assert f"TLS with {url.removeprefix('http://')} failed" in str(error)


async def test_unreadable_certificates_are_refused(tmp_path):
    error = await refused("https://127.0.0.1:1/mcp", verify=str(tmp_path / "none.pem"))
    assert type(error) is ConnectRefused
    assert "no certificates can be read from" in str(error)
    (tmp_path / "bad.pem").write_text("no certificate")
    error = await refused("https://127.0.0.1:1/mcp", verify=str(tmp_path / "bad.pem"))
    assert type(error) is ConnectRefused


async def test_services_that_start_together_build_one_tls_context(monkeypatch):
    from mcpstore.wire.http import certificates

    certificates._system.cache_clear()
    contexts = await asyncio.gather(*(certificates.tls_context(True) for _ in range(10)))
    assert len({id(context) for context in contexts}) == 1
    assert certificates._system.cache_info().misses == 1


async def test_a_changed_certificate_file_is_reloaded(certificate, tmp_path):
    from mcpstore.wire.http.certificates import tls_context

    path = tmp_path / "ca.pem"
    path.write_bytes(certificate[1].read_bytes())
    first = await tls_context(str(path))
    assert await tls_context(str(path)) is first
    stamp = path.stat().st_mtime_ns + 10**9
    import os

    os.utime(path, ns=(stamp, stamp))
    assert await tls_context(str(path)) is not first
    assert isinstance(await tls_context(str(tmp_path)), ssl.SSLContext)  # a folder of certificates


# --- leaving nothing behind --------------------------------------------------------------------------------


@BOTH
async def test_a_cancelled_connect_leaves_nothing_behind(transport):
    files, tasks = open_files(), len(asyncio.all_tasks())
    async with Fake(lambda _: asyncio.Event().wait()) as fake:
        peer = a_peer(closing=Closing(polite=1000.0))  # no peer needs the time for a graceful close
        connecting = asyncio.create_task(refused(fake.url, transport, peer))
        with anyio.fail_after(20):
            await until(lambda: fake.got)
        connecting.cancel()
        with anyio.fail_after(20), pytest.raises(asyncio.CancelledError):
            await connecting
    with anyio.fail_after(10):
        await until(lambda: open_files() <= files and len(asyncio.all_tasks()) <= tasks)


async def test_the_session_of_a_late_connect_failure_is_deleted():
    def handle(request: Request) -> bytes | Any | None:
        if request.rpc == "initialize":
            return answer(request, {**LEGACY, "protocolVersion": "1999-01-01"}, Mcp_Session_Id="s1")
        return legacy(request)

    async with Fake(handle) as fake:
        await refused(fake.url, peer=a_peer(era=Era.LEGACY, closing=Closing()))
    assert [request.method for request in fake.got][-1] == "DELETE"


# --- secrets -----------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 405, 429, 500, 503, None])
async def test_no_secret_of_a_url_or_header_is_in_any_text(transport, status, caplog):
    caplog.set_level("DEBUG")
    canary = "hunter2hunter2"
    headers = {"Location": f"http://other.example/?key={canary}"} if status == 302 else {}
    async with Fake(lambda _: reply(status, **headers) if status else None) as fake:
        url = f"http://user:{canary}@127.0.0.1:{fake.port}/mcp?api_key={canary}#{canary}"
        error = await refused(url, transport, headers={"X-Key": canary})
    cause: BaseException | None = error
    assert fake.got
    assert canary not in str(error)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "asyncio")
    assert canary not in ours
    assert cause is not None
