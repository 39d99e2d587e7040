"""The streams below a FastMCP transport, taken before the SDK's session gets hold of them."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any, Final, Protocol, Self

from mcp.shared.message import SessionMessage

__all__ = ["BareStreams", "ReadStream", "WriteStream"]

ReadStream = AsyncIterable[SessionMessage | Exception]
"""Where the SDK's transports deliver what arrives."""


class WriteStream(Protocol):
    """Where the SDK's transports take what is to be sent."""

    async def send(self, item: SessionMessage, /) -> None:
        """Hand a message over."""
        ...

    async def aclose(self) -> None:
        """Close the stream."""
        ...


class BareStreams:
    """Stands where FastMCP's transports put a session, and does nothing but hold the streams.

    A transport makes its session by calling `TransportOptions.session_class` with the streams and entering what comes
    back; it looks no closer. So no session of the SDK is needed, which would validate results and hide what is odd.

    Attributes:
        read: The stream messages come from.
        write: The stream messages go to.
    """

    def __init__(self, read_stream: Any, write_stream: WriteStream, **_: Any) -> None:
        self.read: Final[Any] = read_stream
        self.write: Final = write_stream

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.write.aclose()
        await self.read.aclose()
