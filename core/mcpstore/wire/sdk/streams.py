"""Access to the streams of a FastMCP transport without a session of the SDK."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any, Final, Protocol, Self

from mcp.shared.message import SessionMessage

__all__ = ["BareStreams", "ReadStream", "WriteStream"]

ReadStream = AsyncIterable[SessionMessage | Exception]
"""Stream of incoming messages of the SDK's transports."""


class WriteStream(Protocol):
    """Stream of outgoing messages of the SDK's transports."""

    async def send(self, item: SessionMessage, /) -> None:
        """Send a message."""
        ...

    async def aclose(self) -> None:
        """Close the stream."""
        ...


class BareStreams:
    """Replacement of the SDK's session that only holds the streams.

    A FastMCP transport calls `TransportOptions.session_class` with the streams and enters the result; it needs nothing
    else of it. A session of the SDK would validate results, and hide invalid ones.

    Attributes:
        read: Stream of incoming messages.
        write: Stream of outgoing messages.
    """

    def __init__(self, read_stream: Any, write_stream: WriteStream, **_: Any) -> None:
        self.read: Final[Any] = read_stream
        self.write: Final = write_stream

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.write.aclose()
        await self.read.aclose()
