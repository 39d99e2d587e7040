"""The log of a simulation: a running hash, and the last lines in readable form."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Context
from mcpstore.core.events import Event

__all__ = ["Journal"]

KEPT: Final = 25
"""Number of steps that are kept of each service."""


class Journal:
    """All events in order as one hash, and the last of them as text.

    Attributes:
        events: Number of events.
    """

    def __init__(self) -> None:
        self.events: int = 0
        self._digest = hashlib.sha256()
        self._last: dict[str, deque[str]] = {}

    def step(self, now: float, service: str, event: Event, ctx: Context) -> None:
        """Record an event of a service and its effect."""
        self.note(
            now,
            service,
            f"{_word(event)} -> {ctx.connection.value} {ctx.activity.value or ctx.timer.value} {ctx.epoch}",
        )

    def note(self, now: float, service: str, text: str) -> None:
        """Record any other event."""
        self.events += 1
        line = f"{now:.6f} {service} {text}"
        self._digest.update(line.encode())
        ring = self._last.get(service)
        if ring is None:
            ring = self._last[service] = deque(maxlen=KEPT)
        ring.append(line)

    @property
    def hash(self) -> str:
        """The hash of all events."""
        return self._digest.hexdigest()[:16]

    def last(self, service: str) -> list[str]:
        """Return the last lines about a service, oldest first."""
        return list(self._last.get(service, ()))


def _word(event: Event) -> str:
    word = type(event).__name__
    if isinstance(event, ev.Expired):
        return f"{word} {event.timer.value}"
    if isinstance(event, ev.OpenFail):
        return f"{word} {event.failure.value}"
    return word
