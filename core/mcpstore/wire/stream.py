"""Interfaces between the JSON-lines engine and the transport of its bytes."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ByteStream", "Sink"]


class ByteStream(Protocol):
    """A two-way stream of bytes from which the engine reads. Every anyio byte stream is one."""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next bytes; at the end, raise `anyio.EndOfStream` or return nothing."""
        ...

    async def send(self, item: bytes) -> None:
        """Send all bytes."""
        ...

    async def aclose(self) -> None:
        """Close both directions."""
        ...


class Sink(Protocol):
    """Destination of the outgoing bytes of an engine that the transport feeds: a task switch cheaper than a stream."""

    @property
    def is_paused(self) -> bool:
        """Whether written bytes still wait, so that `drain` should be awaited before the next write."""
        ...

    def write(self, data: bytes) -> None:
        """Take all bytes at once; never blocks."""
        ...

    async def drain(self) -> None:
        """Wait until it is no longer paused."""
        ...
