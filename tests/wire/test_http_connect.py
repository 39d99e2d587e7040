"""What a server may answer, or not, while a service is being opened, and what people are told."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcpstore.errors import AuthRequired, ConnectError, ConnectRefused, ConnectTimeout, NotReady, UnsupportedProtocol
from mcpstore.hooks import Closing, Connection, Era
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
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
    unused_port,
)

BOTH = pytest.mark.parametrize("transport", [streamable_http, sse])
EVENTS = {"Content_Type": "text/event-stream"}


@contextlib.asynccontextmanager
async def opened(
    url: str, transport: Any = streamable_http, peer: Any = None, **settings: Any
) -> AsyncIterator[Connection]:
    with anyio.fail_after(30):
        async with transport(HttpSettings(url=url, **settings), peer or a_peer()) as connection:
            yield connection


async def refused(url: str, transport: Any = streamable_http, peer: Any = None, **settings: Any) -> ConnectError:
    files, tasks = open_files(), len(asyncio.all_tasks())
    with pytest.raises(ConnectError) as caught:
        async with opened(url, transport, peer, **settings):
            pass
    with anyio.fail_after(10):
        await until(lambda: open_files() <= files and len(asyncio.all_tasks()) <= tasks)
    return caught.value


async def answered(status: int, transport: Any = streamable_http, body: str = "", **headers: str) -> ConnectError:
    async with Fake(lambda _: reply(status, body, **headers)) as fake:
        return await refused(fake.url, transport)


@BOTH
async def test_a_port_where_nothing_listens_is_not_ready(transport):
    port = unused_port()
    error = await refused(f"http://127.0.0.1:{port}/mcp", transport)
    assert type(error) is NotReady
    assert str(error) == f"nothing listens at 127.0.0.1:{port}; start the server, or correct url"


@BOTH
async def test_a_host_nobody_knows_is_not_ready(transport):
    error = await refused("http://no-such-host.invalid/mcp", transport)
    assert type(error) is NotReady
    assert str(error) == "the host of no-such-host.invalid:80 is not known; check url and network"


@BOTH
@pytest.mark.parametrize("status", [401, 403])
async def test_a_server_that_wants_credentials_needs_a_login(transport, status):
    error = await answered(status, transport)
    assert type(error) is AuthRequired
    assert str(error).startswith("needs login: http://127.0.0.1:")
    assert str(error).endswith("; set headers.Authorization, or auth: oauth")


@BOTH
async def test_credentials_that_are_not_accepted_are_told_as_such(transport):
    async with Fake(lambda _: reply(401)) as fake:
        error = await refused(fake.url, transport, headers={"X-Api-Key": "hunter2hunter2"})
    assert "answered 401 Unauthorized; the credentials it was given are not accepted; renew them" in str(error)


@BOTH
async def test_a_path_without_an_endpoint_is_not_ready_yet(transport):
    error = await answered(404, transport)
    assert type(error) is NotReady
    assert "/mcp answered 404 Not Found: no MCP endpoint at this path; usual paths are /mcp and /sse" in str(error)


@pytest.mark.parametrize(("transport", "other"), [(streamable_http, "sse"), (sse, "streamable_http")])
async def test_a_method_that_is_not_allowed_is_the_sign_of_the_other_transport(transport, other):
    error = await answered(405, transport)
    assert type(error) is ConnectRefused
    assert str(error).endswith(f"answered 405 Method Not Allowed: another transport may live there; try {other}")


async def test_an_sse_server_tells_its_true_transport_and_the_other_way_round():
    async with serving(make_server().http_app(transport="sse")) as url:
        assert str(await refused(f"{url}/sse")).endswith("try sse")
    async with serving(make_server().http_app()) as url:
        assert str(await refused(f"{url}/mcp", sse)).endswith("try streamable_http")


@BOTH
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_not_ready_and_says_for_how_long(transport, status):
    error = await answered(status, transport, Retry_After="17")
    assert type(error) is NotReady
    assert error.retry_after == 17


@BOTH
@pytest.mark.parametrize("status", [400, 500, 502, 504, 599])
async def test_a_server_in_trouble_is_not_ready(transport, status):
    error = await answered(status, transport)
    assert type(error) is NotReady
    assert f"/mcp answered {status}" in str(error)


@BOTH
async def test_a_server_that_has_gone_for_good_is_refused(transport):
    assert type(await answered(410, transport)) is ConnectRefused


@BOTH
async def test_a_web_page_is_no_endpoint(transport):
    error = await answered(200, transport, "<html>", Content_Type="text/html; charset=utf-8")
    assert type(error) is NotReady
    assert "/mcp answered with text/html" in str(error)


@BOTH
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_another_origin_is_not_followed(transport, status):
    async with Fake(lambda _: reply(200)) as elsewhere:
        error = await answered(
            status, transport, Location=f"http://127.0.0.1:{elsewhere.port}/other?key=hunter2hunter2"
        )
    assert type(error) is NotReady
    assert f"was redirected to http://127.0.0.1:{elsewhere.port}/other" in str(error)
    assert "hunter2" not in str(error)
    assert elsewhere.got == []


@BOTH
async def test_a_redirect_that_never_ends_is_followed_only_a_few_times(transport):
    async with Fake(lambda _: reply(307, Location="/mcp")) as fake:
        error = await refused(fake.url, transport)
    assert "was redirected to" in str(error)
    assert len(fake.got) <= 12  # six for each of the two openings


async def test_a_redirect_within_the_origin_is_followed():
    def handle(request: Request) -> bytes | None:
        return modern(request) if request.path == "/mcp/" else reply(307, Location="/mcp/")

    async with Fake(handle) as fake, opened(fake.url) as connection:
        assert connection.era is Era.MODERN


@BOTH
async def test_a_server_that_accepts_and_says_nothing_runs_into_the_deadline(transport):
    async with Fake(lambda _: asyncio.Event().wait()) as fake:
        error = await refused(fake.url, transport, a_peer(handshake_timeout=0.5))
    assert type(error) is ConnectTimeout
    assert "service 'world'" in str(error)
    assert "within 0.5 s" in str(error)


async def test_an_event_stream_that_names_no_endpoint_runs_into_the_deadline():
    async def handle(_: Request) -> None:
        fake.writers[-1].write(reply(200, **EVENTS).replace(b"Content-Length: 0\r\n", b""))
        await asyncio.Event().wait()

    async with Fake(handle) as fake:
        error = await refused(fake.url, sse, a_peer(handshake_timeout=0.5))
    assert type(error) is ConnectTimeout
    assert str(error) == "service 'world' could not be opened within 0.5 s"


async def test_an_event_stream_that_ends_before_it_names_an_endpoint_is_not_ready():
    error = await answered(200, sse, ": nothing\n\n", **EVENTS)
    assert type(error) is NotReady
    assert "ended the stream without saying where to send messages" in str(error)


async def test_an_endpoint_of_another_origin_is_not_believed():
    error = await answered(200, sse, "event: endpoint\ndata: http://evil.example/messages\n\n", **EVENTS)
    assert "wants its messages sent to evil.example:80, which is another origin" in str(error)


async def test_an_address_that_leads_nowhere_runs_into_the_deadline_of_the_channel():
    # Nobody answers at this address, which is reserved for documentation; some networks say so at once.
    error = await refused("http://192.0.2.1:81/mcp", peer=a_peer(connect_timeout=0.3))
    assert isinstance(error, ConnectTimeout | NotReady)
    assert "192.0.2.1:81" in str(error)


async def test_a_server_that_hangs_up_is_not_ready():
    async with Fake(lambda _: None) as fake:
        error = await refused(fake.url)
    assert type(error) is NotReady
    assert f"127.0.0.1:{fake.port} broke off its answer" in str(error)


async def test_what_does_not_speak_http_is_not_ready():
    async with Fake(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as fake:
        error = await refused(fake.url)
    assert type(error) is NotReady
    assert "does not speak HTTP" in str(error)


@pytest.mark.parametrize("body", ["", "null", "[]", "{", '{"jsonrpc": "2.0", "id": 77, "result": {}}', "\ufeff{}"])
async def test_json_that_is_no_answer_is_not_ready(body):
    error = await answered(200, body=body, Content_Type="application/json")
    assert type(error) is NotReady


async def test_a_server_that_refuses_the_handshake_is_not_ready():
    async with Fake(lambda request: refusal(request, -32000, "the database is away")) as fake:
        error = await refused(fake.url)
    assert type(error) is NotReady
    assert str(error) == "service 'world' refused the handshake: the database is away (code -32000)"


async def test_a_server_without_a_version_in_common_is_refused():
    async with Fake(lambda request: answer(request, {**LEGACY, "protocolVersion": "1999-01-01"})) as fake:
        error = await refused(fake.url)
    assert type(error) is UnsupportedProtocol
    assert "'1999-01-01'" in str(error)


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
async def test_whatever_an_old_server_answers_to_the_new_opening_the_old_one_follows(unknown):
    def handle(request: Request) -> bytes | None:
        return unknown(request) if request.rpc == "server/discover" else legacy(request) or answer(request)

    async with Fake(handle) as fake, opened(fake.url) as connection:
        assert (connection.era, connection.protocol_version) == (Era.LEGACY, "2025-06-18")
        assert connection.server.name == "fake"
        assert await connection.request("ping") == {}
    (initialized,) = fake.asked("notifications/initialized")
    assert initialized.headers["mcp-protocol-version"] == "2025-06-18"


async def test_the_era_spoken_last_time_is_tried_first():
    async with Fake(legacy) as fake, opened(fake.url, peer=a_peer(era=Era.LEGACY)):
        assert fake.asked("server/discover") == []


async def test_a_server_that_became_modern_is_found_though_it_was_legacy_last_time():
    def handle(request: Request) -> bytes | None:
        if request.rpc == "initialize":
            return refusal(request, -32022, "Unsupported", status=400, data={"supported": ["2026-07-28"]})
        return modern(request)

    async with Fake(handle) as fake, opened(fake.url, peer=a_peer(era=Era.LEGACY)) as connection:
        assert connection.era is Era.MODERN


async def test_a_server_that_wants_a_login_is_not_asked_a_second_time():
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


async def test_a_certificate_nobody_vouches_for_is_named_as_the_trouble(certificate):
    key, cert = certificate
    async with serving(make_server().http_app(), ssl_keyfile=key, ssl_certfile=cert) as url:
        error = await refused(f"{url}/mcp")
        assert type(error) is NotReady
        assert "is not trusted: self-signed certificate; set verify to the file of the certificate" in str(error)
        async with opened(f"{url}/mcp", verify=str(cert)) as connection:
            assert connection.server.name == "world"
        async with opened(f"{url}/mcp", verify=False) as connection:
            assert connection.server.name == "world"


async def test_a_server_without_tls_behind_an_https_address_is_named_as_the_trouble():
    async with serving(make_server().http_app()) as url:
        error = await refused(url.replace("http:", "https:"))
    assert type(error) is NotReady
    assert f"TLS with {url.removeprefix('http://')} failed" in str(error)


async def test_certificates_that_cannot_be_read_are_refused(tmp_path):
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


async def test_a_renewed_file_of_certificates_is_noticed(certificate, tmp_path):
    from mcpstore.wire.http.certificates import tls_context

    path = tmp_path / "ca.pem"
    path.write_bytes(certificate[1].read_bytes())
    first = await tls_context(str(path))
    assert await tls_context(str(path)) is first
    stamp = path.stat().st_mtime_ns + 10**9
    import os

    os.utime(path, ns=(stamp, stamp))
    assert await tls_context(str(path)) is not first
    assert isinstance(await tls_context(str(tmp_path)), ssl.SSLContext)  # a folder of them


# --- leaving nothing behind --------------------------------------------------------------------------------


@BOTH
async def test_a_connect_that_is_called_off_leaves_nothing(transport):
    files, tasks = open_files(), len(asyncio.all_tasks())
    async with Fake(lambda _: asyncio.Event().wait()) as fake:
        peer = a_peer(closing=Closing(polite=1000.0))  # there is nobody to be polite to
        connecting = asyncio.create_task(refused(fake.url, transport, peer))
        with anyio.fail_after(20):
            await until(lambda: fake.got)
        connecting.cancel()
        with anyio.fail_after(20), pytest.raises(asyncio.CancelledError):
            await connecting
    with anyio.fail_after(10):
        await until(lambda: open_files() <= files and len(asyncio.all_tasks()) <= tasks)


async def test_a_session_of_a_connect_that_fails_late_is_ended():
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
async def test_no_secret_of_an_address_or_a_header_is_in_any_text(transport, status, caplog):
    caplog.set_level("DEBUG")
    canary = "hunter2hunter2"
    headers = {"Location": f"http://other.example/?key={canary}"} if status == 302 else {}
    async with Fake(lambda _: reply(status, **headers) if status else None) as fake:
        url = f"http://user:{canary}@127.0.0.1:{fake.port}/mcp?api_key={canary}#{canary}"
        error = await refused(url, transport, headers={"X-Key": canary})
    told: BaseException | None = error
    assert fake.got
    assert canary not in str(error)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "asyncio")
    assert canary not in ours
    assert told is not None
