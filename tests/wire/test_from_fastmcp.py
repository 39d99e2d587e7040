"""Client transports of FastMCP: their exceptions are translated, and their resources are closed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from fastmcp.client.transports import ClientTransport, SSETransport, StdioTransport, StreamableHttpTransport

from mcpstore.errors import AuthRequired, ConnectError, ConnectTimeout, NotReady
from mcpstore.hooks import Era
from mcpstore.wire import from_fastmcp
from mcpstore.wire.sdk.streams import BareStreams
from wire.http_world import Fake, a_peer, make_server, reply, serving, until, unused_port

SERVER = Path(__file__).with_name("http_child.py")


async def refused(transport: ClientTransport, **options: Any) -> ConnectError:
    with anyio.fail_after(40), pytest.raises(ConnectError) as caught:
        async with from_fastmcp(transport, a_peer(**options)):
            pass
    return caught.value


@pytest.mark.parametrize("transport", [StreamableHttpTransport, SSETransport])
async def test_exceptions_of_httpx_are_translated(transport):
    port = unused_port()
    error = await refused(transport(f"http://127.0.0.1:{port}/mcp"))
    assert type(error) is NotReady
    assert str(error) == f"nothing listens at 127.0.0.1:{port}; start the server, or correct url"


async def test_an_http_error_status_is_translated():
    async with Fake(lambda _: reply(401)) as fake:
        error = await refused(SSETransport(fake.url))
    assert type(error) is AuthRequired
    assert "answered 401 Unauthorized" in str(error)


async def test_a_legacy_only_transport_receives_no_modern_handshake():
    async with (
        serving(make_server().http_app(transport="sse")) as url,
        from_fastmcp(SSETransport(f"{url}/sse"), a_peer(era=Era.MODERN), era=Era.MODERN) as connection,
    ):
        assert connection.era is Era.LEGACY


async def test_the_process_of_a_stdio_transport_of_fastmcp_is_ended(tmp_path):
    pid_file = tmp_path / "pid"
    code = (
        "import os, sys; from fastmcp import FastMCP; "
        f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); FastMCP('stdio').run(show_banner=False)"
    )
    transport = StdioTransport(sys.executable, ["-c", code], log_file=tmp_path / "log")
    with anyio.fail_after(60):
        async with from_fastmcp(transport, a_peer(), era=Era.LEGACY) as connection:
            assert connection.server.name == "stdio"
            pid = int(pid_file.read_text())
            os.kill(pid, 0)
    await until(lambda: not Path(f"/proc/{pid}/stat").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text())


class Odd(ClientTransport):
    """A vendor transport with its own close method."""

    def __init__(self, inner: ClientTransport, close: Any) -> None:
        self.inner, self._close, self.closed = inner, close, 0

    @contextlib.asynccontextmanager
    async def connect_session(self, **options: Any) -> AsyncIterator[Any]:
        async with self.inner.connect_session(**options) as session:
            assert isinstance(session, BareStreams)
            yield session

    async def close(self) -> None:
        self.closed += 1
        await self._close()


async def test_a_transport_that_fails_or_hangs_in_its_close_does_not_block_the_caller(caplog):
    from fastmcp.client.transports import FastMCPTransport

    from mcpstore.hooks import Closing

    async def fail() -> None:
        raise RuntimeError("closed already")

    async def hang() -> None:
        await asyncio.Event().wait()

    caplog.set_level(logging.DEBUG, logger="mcpstore.wire")
    for close in (fail, hang):
        odd = Odd(FastMCPTransport(make_server()), close)
        with anyio.fail_after(20):
            async with from_fastmcp(odd, a_peer(closing=Closing(polite=0.1, term=0.1))) as connection:
                assert await connection.request("tools/list")
        assert odd.closed == 1
    assert "the transport of service 'world' ended badly" in caplog.text


async def test_resources_of_a_transport_are_closed_after_a_failure_too():
    class Failing(ClientTransport):
        closed = False

        @contextlib.asynccontextmanager
        async def connect_session(self, **_: Any) -> AsyncIterator[Any]:
            raise httpx2.ConnectTimeout("slow", request=httpx2.Request("GET", "http://host/"))
            yield

        async def close(self) -> None:
            self.closed = True

    failing = Failing()
    assert type(await refused(failing)) is ConnectTimeout
    assert failing.closed


async def test_a_url_that_httpx_cannot_parse_is_reported():
    class Misread(ClientTransport):
        @contextlib.asynccontextmanager
        async def connect_session(self, **_: Any) -> AsyncIterator[Any]:
            raise httpx2.InvalidURL("Invalid port")
            yield

    assert "not an address for HTTP" in str(await refused(Misread()))
