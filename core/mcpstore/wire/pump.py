"""A connection from a byte stream: the engine, fed by a task that reads and drained by a task that writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from mcpstore.hooks.connection import ClientEndpoint, Exit
from mcpstore.wire.engine import JsonLines
from mcpstore.wire.message import told
from mcpstore.wire.stream import ByteStream

__all__ = ["HIGH_WATER", "json_lines"]

HIGH_WATER: Final = 64 * 1024
"""Bytes that may wait to be sent before requests have to wait, too."""


class _Backlog:
    """A sink whose bytes a task sends."""

    def __init__(self) -> None:
        self._waiting: Final[list[bytes]] = []
        self._size = 0
        self._some: Final = asyncio.Event()
        self._room: Final = asyncio.Event()

    @property
    def is_paused(self) -> bool:
        return self._size > HIGH_WATER

    def write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._size += len(data)
        self._some.set()

    async def drain(self) -> None:
        while self.is_paused:
            self._room.clear()
            await self._room.wait()

    async def send_to(self, stream: ByteStream) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            data = b"".join(self._waiting)
            self._waiting.clear()
            await stream.send(data)
            # Only now: what the stream still holds is as much in the way as what has not been handed over.
            self._size -= len(data)
            self._room.set()


@asynccontextmanager
async def json_lines(stream: ByteStream, peer: ClientEndpoint) -> AsyncGenerator[JsonLines]:
    """Speak MCP over a byte stream: shake hands, yield the connection, close the stream in the end.

    Args:
        stream: An open stream; it is closed here, whatever happens.
        peer: Our side of the wire.

    Raises:
        ConnectTimeout: The peer did not answer in time.
        NotReady: It went away, or refused for a reason of its own.
        UnsupportedProtocol: It speaks no version of the protocol that we do, or nothing of the kind.

    Example:
        ::

            stream = await anyio.connect_tcp("127.0.0.1", 7000)
            async with json_lines(stream, peer) as connection:
                tools = await connection.request("tools/list")
    """
    backlog = _Backlog()
    engine = JsonLines(peer, backlog)
    tasks = [
        asyncio.create_task(_read(stream, engine), name=f"mcpstore-read-{peer.service}"),
        asyncio.create_task(_write(stream, backlog, engine), name=f"mcpstore-write-{peer.service}"),
    ]
    try:
        await engine.open()
        yield engine
    finally:
        engine.end(Exit(reason="closed by this side"))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await _close(stream, peer)


async def _read(stream: ByteStream, engine: JsonLines) -> None:
    import anyio  # noqa: PLC0415 - whoever has such a stream has loaded it already

    reason = "closed by the peer"
    try:
        while data := await stream.receive():
            engine.feed(data)
    except anyio.EndOfStream:
        pass
    except Exception as error:  # noqa: BLE001 - whatever a stream raises, there is no more to read
        reason = f"cannot be read from: {told(error)}"
    engine.end(Exit(reason=reason))


async def _write(stream: ByteStream, backlog: _Backlog, engine: JsonLines) -> None:
    try:
        await backlog.send_to(stream)
    except Exception as error:  # noqa: BLE001 - whatever a stream raises, nothing more can be said
        engine.end(Exit(reason=f"cannot be written to: {told(error)}"))


async def _close(stream: ByteStream, peer: ClientEndpoint) -> None:
    try:
        async with asyncio.timeout(peer.closing.polite):  # TLS says goodbye, and waits for the peer to do so
            await stream.aclose()
    except Exception:  # noqa: BLE001 - it is gone either way
        return
