"""Connections over byte streams, and vendor transports that use them."""

from __future__ import annotations

import asyncio
import inspect
import json
import ssl
from contextlib import asynccontextmanager

import anyio
import pytest
from pydantic import BaseModel

from mcpstore.errors import CallTimeout, ConnectionLost, ConnectTimeout, NotReady, UnsupportedProtocol
from mcpstore.hooks import ClientEndpoint, Closing, Transport
from mcpstore.wire import json_lines
from mcpstore.wire.pump import HIGH_WATER
from wire.scripted import LEGACY

# --- vendor transports ---------------------------------------------------------------------------------------


class TcpSettings(BaseModel):
    host: str = "127.0.0.1"
    port: int


class UnixSettings(BaseModel):
    path: str


@asynccontextmanager
async def connect_tcp(settings, peer):
    async with over(anyio.connect_tcp(settings.host, settings.port), peer) as connection:
        yield connection


@asynccontextmanager
async def connect_unix(settings, peer):
    async with over(anyio.connect_unix(settings.path), peer) as connection:
        yield connection


@asynccontextmanager
async def over(connecting, peer):
    try:
        async with asyncio.timeout(peer.connect_timeout):
            stream = await connecting
    except TimeoutError:
        raise ConnectTimeout(f"service {peer.service!r} did not accept a connection in time") from None
    except OSError as error:
        raise NotReady(f"service {peer.service!r} cannot be reached: {error}") from None
    async with json_lines(stream, peer) as connection:
        yield connection


def mcpstore_transports():
    yield Transport(name="tcp", config=TcpSettings, connect=connect_tcp)
    yield Transport(name="unix", config=UnixSettings, connect=connect_unix)


TCP, UNIX = mcpstore_transports()
WRITTEN = (TcpSettings, UnixSettings, connect_tcp, connect_unix, over, mcpstore_transports)

# --- servers -------------------------------------------------------------------------------------------------


async def serve(stream):
    """Answer like a small MCP server: `echo`, `quit`, `silence`; anything else is an empty result."""
    buffer = b""
    async with stream:
        try:
            while True:
                buffer += await stream.receive()
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    message = json.loads(line)
                    method = message["method"]
                    if method == "quit":
                        return
                    if "id" in message and method != "silence":
                        result = LEGACY if method == "initialize" else message.get("params", {})
                        reply = {"jsonrpc": "2.0", "id": message["id"], "result": result}
                        await stream.send(json.dumps(reply).encode() + b"\n")
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return


@asynccontextmanager
async def listening(listener, handler=serve):
    # Handlers end on their own: anyio reports an error for a socket that is cancelled while it receives.
    async with listener, anyio.create_task_group() as handlers, anyio.create_task_group() as accepting:
        accepting.start_soon(listener.serve, handler, handlers)
        try:
            yield
        finally:
            accepting.cancel_scope.cancel()


@asynccontextmanager
async def tcp_server(handler=serve):
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listening(listener, handler):
        yield TcpSettings(port=listener.extra(anyio.abc.SocketAttribute.local_port))


@asynccontextmanager
async def a_connection(peer=None, handler=serve):
    async with tcp_server(handler) as settings, TCP.connect(settings, peer or ClientEndpoint()) as connection:
        yield connection


def test_two_transports_take_less_than_forty_lines():
    lines = [line for part in WRITTEN for line in inspect.getsource(part).splitlines() if line.strip()]
    assert len(lines) < 40


async def test_a_tcp_transport_carries_a_session():
    with anyio.fail_after(20):
        async with a_connection() as connection:
            assert (connection.protocol_version, connection.server.name) == ("2025-11-25", "scripted")
            asked = [connection.request("echo", {"n": n}, timeout=10) for n in range(200)]
            assert await asyncio.gather(*asked) == [{"n": n} for n in range(200)]


async def test_a_unix_socket_transport_carries_a_session(short_path):
    path = str(short_path / "server.sock")
    with anyio.fail_after(20):
        listener = await anyio.create_unix_listener(path)
        async with listening(listener), UNIX.connect(UnixSettings(path=path), ClientEndpoint()) as connection:
            assert await connection.request("echo", {"text": "ü" * 100_000}) == {"text": "ü" * 100_000}


async def test_a_socket_without_a_listener_is_not_ready(short_path):
    with anyio.fail_after(20), pytest.raises(NotReady, match="cannot be reached"):
        async with UNIX.connect(UnixSettings(path=str(short_path / "nothing")), ClientEndpoint()):
            pass


async def test_a_closed_connection_is_detected_without_a_request():
    with anyio.fail_after(20):
        async with a_connection() as connection:
            lost = asyncio.create_task(connection.request("silence"))
            await connection.notify("quit")
            assert (await connection.wait_closed()).reason == "closed by the peer"
            with pytest.raises(ConnectionLost, match="closed by the peer"):
                await lost


async def test_leaving_the_context_ends_running_requests():
    with anyio.fail_after(20):
        async with a_connection() as connection:
            lost = asyncio.create_task(connection.request("silence"))
            await connection.request("echo")
        with pytest.raises(ConnectionLost, match="closed by this side"):
            await lost
        assert (await connection.wait_closed()).reason == "closed by this side"


async def test_an_error_in_the_body_leaves_nothing_behind():
    with anyio.fail_after(20):
        before = asyncio.all_tasks()
        async with tcp_server() as settings:
            with pytest.raises(ZeroDivisionError):
                async with TCP.connect(settings, ClientEndpoint()):
                    raise ZeroDivisionError
        assert asyncio.all_tasks() == before


async def test_a_silent_server_ends_in_a_timeout_and_the_stream_is_closed():
    hung_up = asyncio.Event()

    async def silent(stream):
        async with stream:
            try:
                while True:
                    await stream.receive()
            except anyio.EndOfStream:
                hung_up.set()

    with anyio.fail_after(20):
        async with tcp_server(silent) as settings:
            with pytest.raises(ConnectTimeout):
                async with TCP.connect(settings, ClientEndpoint(handshake_timeout=0.05)):
                    pass
            await hung_up.wait()


async def test_a_server_of_another_protocol_is_refused():
    async def http(stream):
        async with stream:
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n" * 200)

    with anyio.fail_after(20):
        async with tcp_server(http) as settings:
            with pytest.raises(UnsupportedProtocol, match=r"does not speak MCP: HTTP/1\.1 400 Bad Request"):
                async with TCP.connect(settings, ClientEndpoint()):
                    pass


async def test_a_call_to_a_peer_that_does_not_read_times_out_with_a_bounded_backlog():
    async def deaf_later(stream):
        async with stream:
            request = json.loads(await stream.receive())
            await stream.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": LEGACY}).encode() + b"\n")
            await released.wait()

    released = asyncio.Event()
    with anyio.fail_after(20):
        async with a_connection(handler=deaf_later) as connection:
            asked = [connection.request("echo", {"text": "x" * HIGH_WATER}, timeout=0.2) for _ in range(200)]
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(outcome, CallTimeout) for outcome in outcomes)
            released.set()


# --- streams that misbehave ----------------------------------------------------------------------------------


class OddStream:
    """A stream in which every method can fail."""

    def __init__(self, receive=None, send=None, aclose=None):
        self._receive, self._send, self._aclose = receive, send, aclose
        self.is_closed = False

    async def receive(self, _max_bytes=65536):
        if self._receive is None:
            await asyncio.Event().wait()
        if isinstance(self._receive, Exception):
            raise self._receive
        return self._receive

    async def send(self, _item):
        if self._send is not None:
            raise self._send

    async def aclose(self):
        self.is_closed = True
        if self._aclose is not None:
            await self._aclose()


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (OddStream(receive=b""), "closed by the peer"),
        (OddStream(receive=anyio.EndOfStream()), "closed by the peer"),
        (OddStream(receive=anyio.BrokenResourceError()), "cannot be read from: BrokenResourceError"),
        (OddStream(receive=ssl.SSLError("bad record")), "cannot be read from: "),
        (OddStream(send=ConnectionResetError("reset by peer")), "cannot be written to: reset by peer"),
    ],
)
async def test_any_exception_of_a_stream_ends_the_connection(stream, text):
    with anyio.fail_after(20), pytest.raises(NotReady) as caught:
        async with json_lines(stream, ClientEndpoint(service="s")):
            pass
    assert text in str(caught.value)
    assert stream.is_closed


async def test_a_stream_that_does_not_close_is_abandoned_after_a_timeout():
    async def for_ever():
        await asyncio.Event().wait()

    stream = OddStream(receive=b"", aclose=for_ever)
    with anyio.fail_after(20), pytest.raises(NotReady):
        async with json_lines(stream, ClientEndpoint(closing=Closing(polite=0.01))):
            pass


async def test_a_stream_that_fails_to_close_counts_as_closed():
    async def fail():
        raise OSError

    with anyio.fail_after(20), pytest.raises(NotReady):
        async with json_lines(OddStream(receive=b"", aclose=fail), ClientEndpoint()):
            pass
