"""What bytes travel through: the two shapes the JSON-lines engine can be fed from."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ByteStream", "Sink"]


class ByteStream(Protocol):
    """A two-way stream of bytes, pulled. Every anyio byte stream is one."""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next bytes; raises `anyio.EndOfStream` (or returns nothing) when the peer is done."""
        ...

    async def send(self, item: bytes) -> None:
        """Send all of it."""
        ...

    async def aclose(self) -> None:
        """Close both directions."""
        ...


class Sink(Protocol):
    """Where the engine puts outgoing bytes when it is fed by somebody else: cheaper than a stream by a task switch."""

    @property
    def is_paused(self) -> bool:
        """Whether what was written still waits, so that `drain` should be awaited before writing more."""
        ...

    def write(self, data: bytes) -> None:
        """Take all of it at once; never blocks."""
        ...

    async def drain(self) -> None:
        """Wait until writing makes sense again."""
        ...
