"""Outgoing lines while the server does not read: requests wait, answers and cancellations are kept up to a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from mcpstore.wire.message import error_text
from mcpstore.wire.stream import Sink

__all__ = ["OWED_LIMIT", "BoundedWriter"]

OWED_LIMIT: Final = 256 * 1024
"""Size of the answers and cancellations kept for a server that does not read, in bytes; more are dropped."""


class BoundedWriter:
    """Writes lines into a sink that may be paused.

    Requests wait while the sink is paused. Answers and cancellations have no caller that could wait: up to `OWED_LIMIT`
    is kept and the rest is dropped, because a server that only writes would fill the memory of the manager.

    Args:
        sink: Destination of the bytes.
        on_broken: Called with the reason when the sink fails.

    Attributes:
        dropped: Number of lines dropped.
    """

    __slots__ = ("_on_broken", "_owed", "_sink", "dropped")

    def __init__(self, sink: Sink, on_broken: Callable[[str], None]) -> None:
        self._sink: Final = sink
        self._on_broken: Final = on_broken
        self._owed = 0
        self.dropped: int = 0

    @property
    def owed(self) -> int:
        """Size of the answers and cancellations that wait, in bytes; 0 while the server reads."""
        return self._owed if self._sink.is_paused else 0

    def write(self, line: bytes) -> None:
        """Write a line."""
        try:
            self._sink.write(line)
        except Exception as error:  # noqa: BLE001 - a sink that fails makes the connection useless
            self._on_broken(f"cannot be written to: {error_text(error)}")

    def offer(self, line: bytes) -> None:
        """Write an answer or a cancellation, unless too many bytes wait already."""
        if not self._sink.is_paused:
            self._owed = 0
        elif self._owed + len(line) > OWED_LIMIT:
            self.dropped += 1
            return
        else:
            self._owed += len(line)
        self.write(line)

    async def room(self, unless: asyncio.Future[Any] | None = None) -> None:
        """Wait until the server reads again, or until `unless` is done."""
        while self._sink.is_paused and (unless is None or not unless.done()):
            drained = asyncio.ensure_future(self._drain())
            try:
                await asyncio.wait({drained, unless} if unless else {drained}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                drained.cancel()

    async def _drain(self) -> None:
        try:
            await self._sink.drain()
        except Exception as error:  # noqa: BLE001 - as in `write`
            self._on_broken(f"cannot be written to: {error_text(error)}")
