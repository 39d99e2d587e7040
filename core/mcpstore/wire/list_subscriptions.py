"""Subscription to changed lists, for the modern era: without one, the server does not report changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from mcpstore.errors import CallError, ServiceError
from mcpstore.models.json_types import as_object
from mcpstore.wire.protocol import INVALID_PARAMS, INVALID_REQUEST, LISTENABLE, METHOD_NOT_FOUND

__all__ = ["LISTEN", "RELISTEN_MAX", "RELISTEN_MIN", "Listening"]

LISTEN: Final = "subscriptions/listen"
"""A request that is answered at the end of the subscription."""

RELISTEN_MIN: Final = 1.0
RELISTEN_MAX: Final = 60.0
"""Bounds of the wait before the next subscription, in seconds: doubled each time; reset if one lasted the maximum."""

_REFUSALS: Final = frozenset({METHOD_NOT_FOUND, INVALID_REQUEST, INVALID_PARAMS})


class Listening:
    """Keeps a subscription to the lists that the server declares as changeable."""

    def __init__(self, capabilities: Mapping[str, Any], announce: Callable[[str], None]) -> None:
        announced = [
            words
            for capability, words in LISTENABLE.items()
            if (as_object(capabilities.get(capability)) or {}).get("listChanged") is True
        ]
        self._filter: Final = {key: True for key, _ in announced}
        self._events: Final = [event for _, event in announced]
        self._announce: Final = announce
        self._has_gap = False

    @property
    def is_wanted(self) -> bool:
        """Whether there is a list to subscribe to."""
        return bool(self._filter)

    def acknowledged(self) -> None:
        """Record that the subscription has begun; after a gap, every list is reported as changed."""
        if self._has_gap:
            self._has_gap = False
            for event in self._events:
                self._announce(event)

    async def run(self, ask: Callable[[str, Mapping[str, Any]], Awaitable[Any]]) -> None:
        """Renew the subscription until the connection ends or the server does not support it."""
        loop, pause = asyncio.get_running_loop(), RELISTEN_MIN
        while True:
            began = loop.time()
            try:
                await ask(LISTEN, {"notifications": self._filter})
            except ServiceError as error:
                if error.code in _REFUSALS:
                    return
            except CallError:  # too many requests are under way; the end of the connection cancels this task
                pass
            if loop.time() - began > RELISTEN_MAX:
                pause = RELISTEN_MIN
            await asyncio.sleep(pause)
            pause = min(pause * 2, RELISTEN_MAX)
            self._has_gap = True
