"""Asyncio protocols for the stdin, stdout and stderr pipes of a child process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Final, cast

__all__ = ["OutputPipe", "StdinPipe", "open_input", "open_output"]

_READ_SIZE: Final = 64 * 1024
_MAX_READS: Final = 64
"""Reads from the pipe of a process that has exited: 4 MiB, more than a pipe of the usual size holds."""


class StdinPipe(asyncio.BaseProtocol):
    """The child's stdin, to which the engine writes its messages.

    Args:
        on_broken: Called when the pipe is closed, by either side.
    """

    def __init__(self, on_broken: Callable[[], None]) -> None:
        self._on_broken = on_broken
        self._transport: asyncio.WriteTransport | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._closed = asyncio.Event()

    @property
    def is_paused(self) -> bool:
        """Whether the write buffer is full because the child does not read."""
        return not self._flowing.is_set()

    def write(self, data: bytes) -> None:
        """Write without blocking; data for a closed pipe is dropped."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the write buffer has room again, or the pipe is closed."""
        await self._flowing.wait()

    def end(self) -> None:
        """Send the end of file once all data is written."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """Close the pipe at once; unwritten data is dropped."""
        transport = self._transport
        # A closing transport with an empty buffer closes by itself, and must not be aborted.
        if transport is not None and (not transport.is_closing() or transport.get_write_buffer_size()):
            transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the pipe is closed; returns at once if it was never open."""
        if self._transport is not None:
            await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport; called by asyncio."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def pause_writing(self) -> None:
        """Make `drain` wait; called by asyncio when the write buffer is full."""
        self._flowing.clear()

    def resume_writing(self) -> None:
        """Let `drain` return; called by asyncio when the write buffer has room again."""
        self._flowing.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio passes it by this name
        """Report that the pipe is closed; called by asyncio."""
        self._flowing.set()
        self._closed.set()
        self._on_broken()


class OutputPipe(asyncio.Protocol):
    """The child's stdout or stderr.

    Args:
        on_data: Called with each chunk.
        on_end: Called when all processes that could write have closed the pipe.
    """

    def __init__(self, on_data: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._on_data = on_data
        self._on_end = on_end
        self._transport: asyncio.ReadTransport | None = None
        self._closed = asyncio.Event()

    def read_rest(self) -> None:
        """Read what an exited child left in the pipe, so that it is processed before the exit is reported."""
        if self._transport is None or self._transport.is_closing():
            return
        pipe: IO[bytes] = self._transport.get_extra_info("pipe")
        with suppress(BlockingIOError):
            for _ in range(_MAX_READS):
                data = os.read(pipe.fileno(), _READ_SIZE)
                if not data:
                    break
                self._on_data(data)

    def close(self) -> None:
        """Stop reading."""
        if self._transport is not None:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until the pipe is closed; returns at once if it was never open."""
        if self._transport is not None:
            await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport; called by asyncio."""
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on a chunk; called by asyncio."""
        self._on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio passes it by this name
        """Report the end of the output; called by asyncio."""
        self._closed.set()
        self._on_end()


async def open_input(pipe: IO[bytes], protocol: StdinPipe) -> None:
    """Connect a protocol to the writing end of a pipe; asyncio then owns the file."""
    await asyncio.get_running_loop().connect_write_pipe(lambda: protocol, pipe)


async def open_output(pipe: IO[bytes], protocol: OutputPipe) -> None:
    """Connect a protocol to the reading end of a pipe; asyncio then owns the file."""
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
