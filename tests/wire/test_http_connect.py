"""Answers of a server during the opening of a service, and the resulting errors."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.errors import AuthRequired, ConnectRefused, ConnectTimeout, NotReady, UnsupportedProtocol
from mcpstore.hooks import Era
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import (
    LEGACY,
    Fake,
    Request,
    a_peer,
    answer,
    make_server,
    modern,
    refusal,
    reply,
    serving,
    unused_port,
)

from .opening import BOTH, EVENTS, answered, opened, refused


@BOTH
async def test_a_port_where_nothing_listens_is_not_ready(transport):
    port = unused_port()
    error = await refused(f"http://127.0.0.1:{port}/mcp", transport)
    assert type(error) is NotReady
    assert str(error) == f"nothing listens at 127.0.0.1:{port}; start the server, or correct url"


@BOTH
async def test_an_unknown_host_is_not_ready(transport):
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
async def test_rejected_credentials_are_reported_as_such(transport):
    async with Fake(lambda _: reply(401)) as fake:
        error = await refused(fake.url, transport, headers={"X-Api-Key": "hunter2hunter2"})
    assert "answered 401 Unauthorized; the credentials it was given are not accepted; renew them" in str(error)


@BOTH
async def test_a_path_without_an_endpoint_is_not_ready_yet(transport):
    error = await answered(404, transport)
    assert type(error) is NotReady
    assert "/mcp answered 404 Not Found: no MCP endpoint at this path; usual paths are /mcp and /sse" in str(error)


@pytest.mark.parametrize(("transport", "other"), [(streamable_http, "sse"), (sse, "streamable_http")])
async def test_a_method_that_is_not_allowed_indicates_the_other_transport(transport, other):
    error = await answered(405, transport)
    assert type(error) is ConnectRefused
    assert str(error).endswith(f"answered 405 Method Not Allowed: another transport may live there; try {other}")


async def test_an_sse_server_is_recognised_by_the_other_transport_and_vice_versa():
    async with serving(make_server().http_app(transport="sse")) as url:
        assert str(await refused(f"{url}/sse")).endswith("try sse")
    async with serving(make_server().http_app()) as url:
        assert str(await refused(f"{url}/mcp", sse)).endswith("try streamable_http")


@BOTH
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_not_ready_until_its_retry_after(transport, status):
    error = await answered(status, transport, Retry_After="17")
    assert type(error) is NotReady
    assert error.retry_after == 17


@BOTH
@pytest.mark.parametrize("status", [400, 500, 502, 504, 599])
async def test_a_server_with_an_internal_error_is_not_ready(transport, status):
    error = await answered(status, transport)
    assert type(error) is NotReady
    assert f"/mcp answered {status}" in str(error)


@BOTH
async def test_a_permanently_removed_server_is_refused(transport):
    assert type(await answered(410, transport)) is ConnectRefused


@BOTH
async def test_a_web_page_is_not_an_endpoint(transport):
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
async def test_an_endless_redirect_is_followed_only_a_few_times(transport):
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
async def test_a_server_that_accepts_and_stays_silent_ends_in_a_timeout(transport):
    async with Fake(lambda _: asyncio.Event().wait()) as fake:
        error = await refused(fake.url, transport, a_peer(handshake_timeout=0.5))
    assert type(error) is ConnectTimeout
    assert "service 'world'" in str(error)
    assert "within 0.5 s" in str(error)


async def test_an_event_stream_without_an_endpoint_ends_in_a_timeout():
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


async def test_an_endpoint_of_another_origin_is_refused():
    error = await answered(200, sse, "event: endpoint\ndata: http://evil.example/messages\n\n", **EVENTS)
    assert "wants its messages sent to evil.example:80, which is another origin" in str(error)


async def test_an_unroutable_address_ends_in_the_timeout_of_the_channel():
    # No host has this address, which is reserved for documentation; some networks refuse it at once.
    error = await refused("http://192.0.2.1:81/mcp", peer=a_peer(connect_timeout=0.3))
    assert isinstance(error, ConnectTimeout | NotReady)
    assert "192.0.2.1:81" in str(error)


async def test_a_server_that_closes_the_connection_is_not_ready():
    async with Fake(lambda _: None) as fake:
        error = await refused(fake.url)
    assert type(error) is NotReady
    assert f"127.0.0.1:{fake.port} broke off its answer" in str(error)


async def test_a_server_that_does_not_speak_http_is_not_ready():
    async with Fake(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as fake:
        error = await refused(fake.url)
    assert type(error) is NotReady
    assert "does not speak HTTP" in str(error)


@pytest.mark.parametrize("body", ["", "null", "[]", "{", '{"jsonrpc": "2.0", "id": 77, "result": {}}', "\ufeff{}"])
async def test_json_that_is_not_an_answer_is_not_ready(body):
    error = await answered(200, body=body, Content_Type="application/json")
    assert type(error) is NotReady


async def test_a_server_that_refuses_the_handshake_is_not_ready():
    async with Fake(lambda request: refusal(request, -32000, "the database is away")) as fake:
        error = await refused(fake.url)
    assert type(error) is NotReady
    assert str(error) == "service 'world' refused the handshake: the database is away (code -32000)"


async def test_a_server_without_a_common_version_is_refused():
    async with Fake(lambda request: answer(request, {**LEGACY, "protocolVersion": "1999-01-01"})) as fake:
        error = await refused(fake.url)
    assert type(error) is UnsupportedProtocol
    assert "'1999-01-01'" in str(error)
