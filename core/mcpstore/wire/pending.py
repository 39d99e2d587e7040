"""The requests under way: who waits for which answer, and for how long."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import attrs

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceBusy
from mcpstore.hooks.connection import Exit, ProgressFn

__all__ = ["MAX_PENDING", "Pending", "PendingRequests", "settle"]

MAX_PENDING: Final = 1024
"""Requests under way on one connection; one more is refused at once."""

_logger: Final = logging.getLogger("mcpstore.wire")


@attrs.define(slots=True, eq=False)
class Pending:
    """A request under way.

    Attributes:
        number: Its id on the wire, and its progress token.
        method: What was asked.
        future: Gets the result, or why there is none.
        patience: Seconds without a sign of progress until it is given up.
        deadline: When that will be, in loop time.
        on_progress: Who wants to hear of progress.
    """

    number: int
    method: str
    future: asyncio.Future[dict[str, Any]]
    patience: float | None
    deadline: float
    on_progress: ProgressFn | None


class PendingRequests:
    """The table of requests under way.

    One timer serves them all. It is set for the earliest deadline, and a deadline that has moved meanwhile is only
    noticed when it goes off: so neither a request nor a progress report costs a timer of its own.

    Attributes:
        exit: How the connection ended, once it has.
    """

    __slots__ = ("_last", "_loop", "_pending", "_service", "_timer", "exit")

    def __init__(self, service: str) -> None:
        self._service: Final = service
        self._loop: Final = asyncio.get_running_loop()
        self._pending: Final[dict[int, Pending]] = {}
        self._last = 0
        self._timer: asyncio.TimerHandle | None = None
        self.exit: Exit | None = None

    def __len__(self) -> int:
        """Return how many requests are under way."""
        return len(self._pending)

    def add(self, method: str, patience: float | None, on_progress: ProgressFn | None) -> Pending:
        """Enter a request.

        Raises:
            ConnectionLost: The connection has ended.
            ServiceBusy: Too many requests are under way.
        """
        if self.exit is not None:
            raise ConnectionLost(f"service {self._service!r} is gone: {self.exit}")
        if len(self._pending) >= MAX_PENDING:
            raise ServiceBusy(
                f"service {self._service!r} has {MAX_PENDING} requests under way; wait until some of them are answered"
            )
        self._last = number = self._last + 1
        deadline = math.inf if patience is None else self._loop.time() + patience
        pending = Pending(number, method, self._loop.create_future(), patience, deadline, on_progress)
        self._pending[number] = pending
        if deadline < (math.inf if self._timer is None else self._timer.when()):
            self._set_timer(deadline)
        return pending

    def take(self, number: int | None) -> Pending | None:
        """Remove and return a request, or None if it is not under way."""
        return self._pending.pop(number, None) if number is not None else None

    def end_one(self, number: int | None, method: str) -> None:
        """End a request with an empty result if it is under way and asks for `method`."""
        pending = self._pending.get(number) if number is not None else None
        if pending is not None and pending.method == method:
            del self._pending[pending.number]
            settle(pending, {})

    def progress(self, number: int | None, params: Mapping[str, Any]) -> bool:
        """Let a request live on because there was progress; whether there is such a request."""
        pending = self._pending.get(number) if number is not None else None
        if pending is None:
            return False
        if pending.patience is not None:
            pending.deadline = self._loop.time() + pending.patience
        done, total, text = params.get("progress"), params.get("total"), params.get("message")
        if pending.on_progress is not None and _is_number(done):
            try:
                pending.on_progress(done, total if _is_number(total) else None, text if isinstance(text, str) else None)
            except Exception:
                _logger.exception("a progress callback for %r of service %r failed", pending.method, self._service)
        return True

    def end(self, exit: Exit) -> None:  # noqa: A002 - the word of the seam
        """Fail every request: nobody will answer."""
        self.exit = exit
        if self._timer is not None:
            self._timer.cancel()
        abandoned = list(self._pending.values())
        self._pending.clear()
        for pending in abandoned:
            text = f"service {self._service!r} is gone: {exit}; whether {pending.method!r} took effect is unknown"
            settle(pending, ConnectionLost(text))

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now, earliest = self._loop.time(), math.inf
        for pending in self._pending.values():
            if pending.deadline > now:
                earliest = min(earliest, pending.deadline)
            else:  # it stays in the table: whoever waits takes it out and tells the server
                settle(
                    pending,
                    CallTimeout(
                        f"service {self._service!r} gave no answer to {pending.method!r} and reported no progress "
                        f"within {pending.patience:g} s; it was told to stop"
                    ),
                )
        if earliest < math.inf:
            self._set_timer(earliest)


def settle(pending: Pending, outcome: dict[str, Any] | Exception) -> None:
    """Wake whoever waits for a request, unless they were called away or woken already."""
    if pending.future.done():
        return
    if isinstance(outcome, Exception):
        pending.future.set_exception(outcome)
    else:
        pending.future.set_result(outcome)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
