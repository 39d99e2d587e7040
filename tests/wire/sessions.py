"""A legacy server that loses its sessions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio

from mcpstore.hooks import Connection, Era
from mcpstore.wire.http.settings import HttpSettings
from mcpstore.wire.http.streamable import streamable_http
from wire.http_world import (
    LEGACY,
    Fake,
    Notifications,
    Request,
    a_peer,
    answer,
    reply,
)

TOOLS_CHANGED = "notifications/tools/list_changed"
WITH_NEWS = {**LEGACY, "capabilities": {"tools": {"listChanged": True}}}


class Sessions:
    """A legacy server that accepts only sessions created since its last `restart`."""

    def __init__(self, lost: Callable[[Request], bytes] = lambda _: reply(404), stream: int = 405) -> None:
        self.known: set[str] = set()
        self.begun = 0
        self.lost = lost
        self.stream = stream
        self.streams: list[asyncio.StreamWriter] = []
        self.fake: Fake | None = None
        self.slow = asyncio.Event()
        self.begins = True

    def restart(self) -> None:
        self.known.clear()

    async def handle(self, request: Request) -> bytes | None:
        session = request.headers.get("mcp-session-id")
        if request.rpc == "initialize":
            assert session is None
            return self._begin(request)
        if session not in self.known:
            return self.lost(request)
        if request.method == "GET":
            return await self._stream()
        if request.method == "DELETE":
            self.known.discard(session)
            return reply(200)
        if request.rpc == "slow":
            await self.slow.wait()
        return answer(request, {"session": session}) if "id" in request.message else reply(202)

    def _begin(self, request: Request) -> bytes:
        if not self.begins:
            return reply(500)
        self.begun += 1
        self.known.add(f"s{self.begun}")
        return answer(request, WITH_NEWS, Mcp_Session_Id=f"s{self.begun}")

    async def _stream(self) -> bytes | None:
        if self.stream != 200:
            return reply(self.stream)
        self.streams.append(writer := self.fake.writers[-1])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        await asyncio.Event().wait()
        return None


@contextlib.asynccontextmanager
async def opened(
    sessions: Sessions, received: Notifications | None = None, **options: Any
) -> AsyncIterator[tuple[Connection, Fake]]:
    async with Fake(sessions.handle) as fake:
        sessions.fake = fake
        with anyio.fail_after(30):
            peer = a_peer(received, era=Era.LEGACY, **options)
            async with streamable_http(HttpSettings(url=fake.url), peer) as connection:
                yield connection, fake
