"""The three pipes of a child process, as asyncio sees them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Final, cast

__all__ = ["Input", "Output", "open_input", "open_output"]

_PIECE: Final = 64 * 1024
_MOST_PIECES: Final = 64
"""Pieces read from a pipe whose writer is dead: 4 MiB, more than a pipe holds unless it was made larger."""


class Input(asyncio.BaseProtocol):
    """The child's stdin; where the engine puts its messages.

    Args:
        on_broken: Called when the child closes it.
    """

    def __init__(self, on_broken: Callable[[], None]) -> None:
        self._on_broken = on_broken
        self._transport: asyncio.WriteTransport | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._closed = asyncio.Event()

    @property
    def is_paused(self) -> bool:
        """Whether what was written still waits for the child to read."""
        return not self._flowing.is_set()

    def write(self, data: bytes) -> None:
        """Take all of it at once; what is written to a child that no longer reads is dropped."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the child has read most of it, or never will."""
        await self._flowing.wait()

    def end(self) -> None:
        """Tell the child that nothing more will come."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """Close it, whatever still waits to be read."""
        transport = self._transport
        # A transport that is closing and has nothing left to write is closed in a moment, and must not be told twice.
        if transport is not None and (not transport.is_closing() or transport.get_write_buffer_size()):
            transport.abort()

    async def wait_closed(self) -> None:
        """Wait until it is closed, if it was ever open."""
        if self._transport is not None:
            await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be told the transport."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def pause_writing(self) -> None:
        """Be told that the child does not keep up."""
        self._flowing.clear()

    def resume_writing(self) -> None:
        """Be told that it does again."""
        self._flowing.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio passes it by this name
        """Be told that the pipe is closed, by whichever side."""
        self._flowing.set()
        self._closed.set()
        self._on_broken()


class Output(asyncio.Protocol):
    """The child's stdout or stderr.

    Args:
        on_data: Called with every piece.
        on_end: Called when every process that could write has closed it.
    """

    def __init__(self, on_data: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._on_data = on_data
        self._on_end = on_end
        self._transport: asyncio.ReadTransport | None = None
        self._closed = asyncio.Event()

    def read_rest(self) -> None:
        """Read what a dead child left in the pipe: it must be heard before its end is announced."""
        if self._transport is None or self._transport.is_closing():
            return
        pipe: IO[bytes] = self._transport.get_extra_info("pipe")
        with suppress(BlockingIOError):
            for _ in range(_MOST_PIECES):
                data = os.read(pipe.fileno(), _PIECE)
                if not data:
                    break
                self._on_data(data)

    def close(self) -> None:
        """Stop reading."""
        if self._transport is not None:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until it is closed, if it was ever open."""
        if self._transport is not None:
            await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be told the transport."""
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take a piece."""
        self._on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio passes it by this name
        """Be told that there will be no more."""
        self._closed.set()
        self._on_end()


async def open_input(pipe: IO[bytes], protocol: Input) -> None:
    """Let a protocol write to a pipe, and own it."""
    await asyncio.get_running_loop().connect_write_pipe(lambda: protocol, pipe)


async def open_output(pipe: IO[bytes], protocol: Output) -> None:
    """Let a protocol read from a pipe, and own it."""
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
