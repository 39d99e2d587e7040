"""Message in flight over HTTP: what the HTTP client needs to know, and where it reports failures.

The SDK does not say which message an HTTP request contains, and loses the HTTP response. But it copies the context
variables of the sender to the task that posts the message; so one of them identifies the message.
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
    """Listener for events of a session."""

    def lost_session(self) -> None:
        """Handle that the server does not know the session any more."""
        ...

    def resumed(self) -> None:
        """Handle that the notification stream was interrupted, and notifications may have been missed."""
        ...


class InFlight:
    """A message in flight.

    Args:
        line: Listener of its session.
        on_failure: Called with the reason when a request fails; None for other messages.

    Attributes:
        line: Listener of its session.
        is_request: Whether the message is a request.
        redirected: Status of the last redirect that was not followed.
        broken: Failure of the stream of events with the answer.
    """

    __slots__ = ("_abandoned", "_on_failure", "_scope", "broken", "is_request", "redirected", "session")

    def __init__(self, line: SessionListener, on_failure: Callable[[Exception], None] | None = None) -> None:
        self.session: Final = line
        self.is_request: Final = on_failure is not None
        self.redirected: int | None = None
        self.broken: HttpFailure | None = None
        self._on_failure: Final = on_failure
        self._scope: anyio.CancelScope | None = None
        self._abandoned = False

    def fail(self, reason: Exception) -> None:
        """Fail the request; does nothing if it has been answered."""
        if self._on_failure is not None:
            self._on_failure(reason)

    def abandon(self) -> None:
        """Cancel the HTTP request, because some servers never end a cancelled request themselves."""
        self._abandoned = True
        if self._scope is not None:
            self._scope.cancel()

    @contextmanager
    def abandonable(self) -> Generator[anyio.CancelScope]:
        """Return a context that `abandon` cancels; the scope says afterwards whether it was cancelled."""
        with anyio.CancelScope() as scope:
            self._scope = scope
            if self._abandoned:
                scope.cancel()
            try:
                yield scope
            finally:
                self._scope = None


current_exchange: Final[ContextVar[InFlight | None]] = ContextVar("mcpstore_carried", default=None)
"""The message that the current task sends."""
