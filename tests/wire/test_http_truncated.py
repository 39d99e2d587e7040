"""Answers to the handshake that are truncated at any byte."""

from __future__ import annotations

import json

import pytest

from mcpstore.errors import ConnectTimeout, NotReady
from mcpstore.hooks import Era
from mcpstore.wire.http.sse import sse
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import LEGACY, Fake, Request, a_peer, legacy, modern, reply
from wire.opening import refused


def as_stream(request: Request, result: dict[str, object]) -> bytes:
    """Return an event stream that ends with the answer."""
    body = json.dumps({"jsonrpc": "2.0", "id": request.message["id"], "result": result})
    return reply(200, f"event: message\ndata: {body}\n\n", Content_Type="text/event-stream")


def in_a_stream(request: Request) -> bytes | None:
    return as_stream(request, LEGACY) if request.rpc == "initialize" else legacy(request)


WAYS = {
    "modern": (modern, Era.MODERN),
    "legacy": (legacy, Era.LEGACY),
    "legacy, in a stream": (in_a_stream, Era.LEGACY),
}


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_is_truncated_at_any_byte_is_an_error_and_not_a_timeout(way):
    handshake, era = WAYS[way]
    cut = 0
    whole = 1 << 30

    def handle(request: Request) -> bytes | None:
        nonlocal whole
        response = handshake(request)
        if request.rpc in ("initialize", "server/discover"):
            whole = len(response)
            fake.writers[-1].write(response[:cut])
            return None
        return response

    async with Fake(handle) as fake:
        while cut < whole - 2:  # the two line ends after the data of an event are optional
            error = await refused(fake.url, streamable_http, a_peer(era=era, handshake_timeout=60.0))
            assert type(error) is NotReady, (cut, error)
            cut += 1
    assert cut > 200


async def test_an_event_stream_that_is_truncated_at_any_byte_is_an_error_and_not_a_timeout():
    whole = reply(200, "event: endpoint\ndata: /messages\n\n", Content_Type="text/event-stream")
    whole = whole.replace(b"Content-Length: 34\r\n", b"")
    cut = 0

    def handle(_: Request) -> None:
        fake.writers[-1].write(whole[:cut])

    async with Fake(handle) as fake:
        while cut <= len(whole):
            error = await refused(fake.url, sse, a_peer(handshake_timeout=60.0))
            assert not isinstance(error, ConnectTimeout), (cut, error)
            cut += 1
