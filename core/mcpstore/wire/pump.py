"""A connection over a byte stream: one task reads into the engine, one task sends what it writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from mcpstore.hooks.connection import ClientEndpoint, Exit
from mcpstore.wire.engine import JsonLines
from mcpstore.wire.message import error_text
from mcpstore.wire.stream import ByteStream

__all__ = ["HIGH_WATER", "json_lines"]

HIGH_WATER: Final = 64 * 1024
"""Size of the bytes that wait to be sent above which requests wait, too."""


class _SendBuffer:
    """A sink whose bytes are sent by a task."""

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
            # Counted until now: bytes that the stream holds are not sent either.
            self._size -= len(data)
            self._room.set()


@asynccontextmanager
async def json_lines(stream: ByteStream, peer: ClientEndpoint) -> AsyncGenerator[JsonLines]:
    """Open an MCP connection over a byte stream, yield it, and close the stream at the end.

    Args:
        stream: An open stream; it is always closed here.
        peer: Identity, handlers and time limits of the client side.

    Raises:
        ConnectTimeout: The server did not answer in time.
        NotReady: It ended the connection, or refused for a reason of its own.
        UnsupportedProtocol: It supports none of our protocol versions, or is no MCP server.

    Example:
        ::

            stream = await anyio.connect_tcp("127.0.0.1", 7000)
            async with json_lines(stream, peer) as connection:
                tools = await connection.request("tools/list")
    """
    buffer = _SendBuffer()
    engine = JsonLines(peer, buffer)
    tasks = [
        asyncio.create_task(_read(stream, engine), name=f"mcpstore-read-{peer.service}"),
        asyncio.create_task(_write(stream, buffer, engine), name=f"mcpstore-write-{peer.service}"),
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
    import anyio  # noqa: PLC0415 - a caller with such a stream has loaded it already

    reason = "closed by the peer"
    try:
        while data := await stream.receive():
            engine.feed(data)
    except anyio.EndOfStream:
        pass
    except Exception as error:  # noqa: BLE001 - a stream that fails has no more to read
        reason = f"cannot be read from: {error_text(error)}"
    engine.end(Exit(reason=reason))


async def _write(stream: ByteStream, buffer: _SendBuffer, engine: JsonLines) -> None:
    try:
        await buffer.send_to(stream)
    except Exception as error:  # noqa: BLE001 - a stream that fails can send no more
        engine.end(Exit(reason=f"cannot be written to: {error_text(error)}"))


async def _close(stream: ByteStream, peer: ClientEndpoint) -> None:
    try:
        async with asyncio.timeout(peer.closing.polite):  # TLS waits for the close notification of the peer
            await stream.aclose()
    except Exception:  # noqa: BLE001 - the stream is unusable in any case
        return
