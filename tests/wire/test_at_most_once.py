"""A call takes effect at most once, in whatever way its answer is lost over HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from mcpstore.errors import CallError, ConnectionLost
from mcpstore.hooks import Era
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import Fake, Request, a_peer, answer, legacy, modern, refusal, reply

ERAS = pytest.mark.parametrize("handshake", [legacy, modern])

NEWS = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}


def stream(event_id: str = "") -> bytes:
    """Return the beginning of an event stream that never ends."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n"
    return f"{head}retry: 10\n{f'id: {event_id}' if event_id else ''}\ndata: {json.dumps(NEWS)}\n\n".encode()


AFTER_THE_EFFECT: dict[str, Callable[[Request], bytes | None]] = {
    "hangs up": lambda _: None,
    "breaks off in the head": lambda _: b"HTTP/1.1 200 OK\r\nContent-Ty\r\nConnection: close",
    "breaks off in the body": lambda request: answer(request, {"content": "x" * 100})[:-50],
    "breaks off in a stream": lambda _: stream(),
    "breaks off in a stream that could be taken up again": lambda _: stream("e1"),
    "answers something else": lambda _: reply(200, "<html>", Content_Type="text/html"),
    "answers what is no JSON": lambda _: reply(200, "{", Content_Type="application/json"),
    "accepts it and says no more": lambda _: reply(202),
    "redirects it to another origin": lambda _: reply(307, Location="http://127.0.0.1:9/mcp"),
    "wants to be asked in another way": lambda _: reply(303, Location="/other"),
    "refuses in JSON": lambda request: refusal(request, -32603, "oh"),
    **{
        f"answers {status}": lambda _, status=status: reply(status)
        for status in (400, 401, 403, 405, 408, 409, 410, 421, 425, 500, 501, 502, 503, 504)
    },
    **{
        f"answers {status} and wants to be asked again": lambda _, status=status: reply(status, Retry_After="0")
        for status in (408, 429, 500, 503)
    },
}


@ERAS
@pytest.mark.parametrize("respond", AFTER_THE_EFFECT.values(), ids=AFTER_THE_EFFECT)
async def test_a_call_with_a_lost_answer_is_not_repeated(respond, handshake):
    effects: list[str] = []

    def handle(request: Request) -> bytes | None:
        if request.method == "GET":  # a client that resumes a stream receives 404
            return reply(404)
        if request.rpc != "tools/call":
            return answer(request, {})
        effects.append(request.message["params"]["name"])
        return respond(request) if effects[-1] == "pay" else answer(request, {"content": []})

    era = Era.LEGACY if handshake is legacy else Era.MODERN
    async with Fake(lambda request: handshake(request) or handle(request)) as fake:
        with anyio.fail_after(30):
            async with streamable_http(HttpSettings(url=fake.url), a_peer(era=era)) as connection:
                with pytest.raises(CallError):
                    await connection.request("tools/call", {"name": "pay"}, timeout=2)
                with contextlib.suppress(CallError):  # some of these failures end the connection
                    await connection.request("tools/call", {"name": "look"}, timeout=2)
    assert effects.count("pay") == 1


@ERAS
async def test_a_connection_reset_after_the_effect_leaves_the_outcome_unknown(handshake):
    effects: list[str] = []

    def handle(request: Request) -> bytes | None:
        if request.rpc != "tools/call":
            return answer(request, {})
        effects.append("pay")
        now = struct.pack("ii", 1, 0)
        fake.writers[-1].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        return None

    era = Era.LEGACY if handshake is legacy else Era.MODERN
    async with Fake(lambda request: handshake(request) or handle(request)) as fake:
        with anyio.fail_after(30):
            async with streamable_http(HttpSettings(url=fake.url), a_peer(era=era)) as connection:
                with pytest.raises(ConnectionLost, match="whether the request took effect is unknown"):
                    await connection.request("tools/call", {"name": "pay"}, timeout=10)
    assert effects == ["pay"]


@ERAS
async def test_a_cancelled_call_is_not_repeated(handshake):
    effects: list[Any] = []

    async def never() -> bytes | None:
        await anyio.sleep_forever()

    def handle(request: Request) -> Any:
        if request.rpc != "tools/call":
            return answer(request, {})
        effects.append(request.message["params"])
        return never()

    era = Era.LEGACY if handshake is legacy else Era.MODERN
    async with Fake(lambda request: handshake(request) or handle(request)) as fake:
        with anyio.fail_after(30):
            async with streamable_http(HttpSettings(url=fake.url), a_peer(era=era)) as connection:
                for _ in range(2):
                    with pytest.raises(CallError):
                        await connection.request("tools/call", {"name": "pay"}, timeout=0.2)
    assert len(effects) == 2
