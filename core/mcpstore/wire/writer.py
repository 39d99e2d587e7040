"""The way out: what is written, and how much may wait while the peer does not read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from mcpstore.wire.message import told
from mcpstore.wire.stream import Sink

__all__ = ["OWED_LIMIT", "BoundedWriter"]

OWED_LIMIT: Final = 256 * 1024
"""Bytes nobody waits for (answers to the peer, cancellations) that are kept for a peer that does not read."""


class BoundedWriter:
    """Writes lines into a sink.

    Requests wait while the sink is paused. What is said without anybody waiting for it cannot wait: a little of it is
    kept for the peer, and what goes beyond is dropped, or a peer that only writes would fill our memory.

    Attributes:
        dropped: Lines dropped.
    """

    __slots__ = ("_on_broken", "_owed", "_sink", "dropped")

    def __init__(self, sink: Sink, on_broken: Callable[[str], None]) -> None:
        self._sink: Final = sink
        self._on_broken: Final = on_broken
        self._owed = 0
        self.dropped: int = 0

    @property
    def is_paused(self) -> bool:
        """Whether requests have to wait for `room`."""
        return self._sink.is_paused

    @property
    def owed(self) -> int:
        """Bytes nobody waits for that are kept for the peer; 0 while it reads."""
        return self._owed if self._sink.is_paused else 0

    def write(self, line: bytes) -> None:
        """Write a line."""
        try:
            self._sink.write(line)
        except Exception as error:  # noqa: BLE001 - whatever a sink raises, the connection is of no use any more
            self._on_broken(f"cannot be written to: {told(error)}")

    def offer(self, line: bytes) -> None:
        """Write a line nobody waits for, unless too much of that is waiting already."""
        if not self._sink.is_paused:
            self._owed = 0
        elif self._owed + len(line) > OWED_LIMIT:
            self.dropped += 1
            return
        else:
            self._owed += len(line)
        self.write(line)

    async def room(self, unless: asyncio.Future[Any] | None = None) -> None:
        """Wait until the peer reads again, or until `unless` is done."""
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
            self._on_broken(f"cannot be written to: {told(error)}")
