"""TCP keepalive on idle streams; tests/network shows its effect."""

from __future__ import annotations

import socket

import httpx2
import pytest

from mcpstore.hooks import Era
from mcpstore.wire.http import client, sse, tcp_keepalive
from mcpstore.wire.http.tcp_keepalive import enable_keepalive
from wire.http_world import a_peer, make_server, serving
from wire.opening import opened


class Stream:
    """Network stream of a response, as httpx2 exposes it."""

    def __init__(self, end: socket.socket | None) -> None:
        self.end = end

    def get_extra_info(self, name: str) -> socket.socket | None:
        assert name == "socket"
        return self.end


def answered(stream: Stream | None) -> httpx2.Response:
    return httpx2.Response(200, extensions={} if stream is None else {"network_stream": stream})


def test_keepalive_probes_start_early_and_are_limited():
    with socket.socket() as end:
        enable_keepalive(answered(Stream(end)))
        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
        asked = [end.getsockopt(socket.IPPROTO_TCP, o) for o in (idle, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)]
    assert asked == [tcp_keepalive.IDLE, tcp_keepalive.INTERVAL, tcp_keepalive.PROBES]
    assert tcp_keepalive.IDLE + tcp_keepalive.INTERVAL * tcp_keepalive.PROBES <= 60


def test_a_socket_without_keepalive_causes_no_error():
    gone = socket.socket()
    gone.close()
    here, there = socket.socketpair()  # not TCP
    with here, there:
        for stream in (None, Stream(None), Stream(gone), Stream(here)):
            enable_keepalive(answered(stream))


@pytest.mark.parametrize("kind", ["http", "sse"])
async def test_keepalive_is_enabled_on_event_streams_only(kind, monkeypatch):
    asked: list[str] = []

    def note(response: httpx2.Response) -> None:
        assert response.extensions["network_stream"].get_extra_info("socket") is not None
        asked.append(response.headers["content-type"].partition(";")[0])

    for module in (client, sse):
        monkeypatch.setattr(module, "enable_keepalive", note)
    transport = sse.sse if kind == "sse" else client_of_streams()
    async with serving(make_server().http_app(transport=kind)) as url:
        place = f"{url}/{'sse' if kind == 'sse' else 'mcp'}"
        async with opened(place, transport, a_peer(era=Era.LEGACY)) as connection:
            await connection.request("tools/list", timeout=10)
    assert asked
    assert set(asked) == {"text/event-stream"}


def client_of_streams():
    from mcpstore.wire.http.streamable import streamable_http

    return streamable_http
