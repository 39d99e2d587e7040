"""One message on its way through HTTP: what the HTTP client has to know, and whom it tells what became of it.

The SDK does not say which message a request of HTTP carries, and it loses what HTTP answered. But it takes the context
variables of whoever sends a message to the task that posts it; so the message travels along in one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol

import anyio

from mcpstore.wire.messages.failure import HttpFailure

__all__ = ["InFlight", "SessionListener", "current_exchange"]


class SessionListener(Protocol):
    """What HTTP tells about a connection as a whole."""

    def lost_session(self) -> None:
        """Take note that the server does not know the session any more."""
        ...

    def resumed(self) -> None:
        """Take note that the stream of news was interrupted: something may have been said meanwhile."""
        ...


class InFlight:
    """A message on its way.

    Args:
        line: The connection it belongs to.
        on_failure: Takes the reason when the message cannot be answered; None if nobody waits for an answer.

    Attributes:
        line: The connection it belongs to.
        is_request: Whether somebody waits for an answer.
        redirected: The status with which the server asked us to ask elsewhere, if that was its last word.
        broken: Why a stream of events ended that should have brought the answer.
    """

    __slots__ = ("_abandoned", "_on_failure", "_scope", "broken", "is_request", "line", "redirected")

    def __init__(self, line: SessionListener, on_failure: Callable[[Exception], None] | None = None) -> None:
        self.line: Final = line
        self.is_request: Final = on_failure is not None
        self.redirected: int | None = None
        self.broken: HttpFailure | None = None
        self._on_failure: Final = on_failure
        self._scope: anyio.CancelScope | None = None
        self._abandoned = False

    def fail(self, reason: Exception) -> None:
        """Tell whoever waits that there will be no answer; of no effect if there has been one."""
        if self._on_failure is not None:
            self._on_failure(reason)

    def abandon(self) -> None:
        """Let go of the HTTP request: nobody waits any more, and some servers never end what nobody waits for."""
        self._abandoned = True
        if self._scope is not None:
            self._scope.cancel()

    @contextmanager
    def abandonable(self) -> Generator[anyio.CancelScope]:
        """Do something that `abandon` ends; the scope tells afterwards whether it did."""
        with anyio.CancelScope() as scope:
            self._scope = scope
            if self._abandoned:
                scope.cancel()
            try:
                yield scope
            finally:
                self._scope = None


current_exchange: Final[ContextVar[InFlight | None]] = ContextVar("mcpstore_carried", default=None)
"""The message being carried by the current task, if any."""
