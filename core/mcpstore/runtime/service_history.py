"""Record of the checks and errors of one service, for reports."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

import attrs

from mcpstore.core.context import Context
from mcpstore.hooks.connection import Exit
from mcpstore.models.record import Record
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState, StateMetadata

__all__ = ["PastCheck", "ServiceHistory"]

CHECKS_KEPT: Final = 100
"""Number of checks that the success rate is computed from."""

SHOWN_CHECKS: Final = 5
"""Number of checks that reports list."""


@attrs.frozen(kw_only=True)
class PastCheck(Record):
    """A finished health check.

    Attributes:
        time: Time it ended (local time, without zone).
        answered: Whether the service answered; None if the check was undecided.
        response_time: Duration, in seconds.
        error: Error message, if there was an error.
    """

    time: datetime
    answered: bool | None
    response_time: float
    error: str | None = None


@attrs.define
class ServiceHistory:
    """Recent history of a service.

    Attributes:
        entered: Time it entered its state (local time).
        since: The same time on the monotonic clock.
        edge_id: Id of the edge by which it entered its state; see `StateChange.id`.
        last_success: Time it last answered (local time).
        last_failure: Time it last failed (local time).
        response_time: Duration of the last answered check, in seconds.
        error: The last error message.
        failures: Number of consecutive failures.
        next_retry: Time of the next automatic attempt (local time).
        note: What the service is waiting for.
        checks: For each of the last checks, whether it was answered.
        last_checks: The most recent checks.
        exit: How its connection last ended without a request.
    """

    entered: datetime | None = None
    since: float | None = None
    edge_id: str = ""
    last_success: datetime | None = None
    last_failure: datetime | None = None
    response_time: float | None = None
    error: str | None = None
    failures: int = 0
    next_retry: datetime | None = None
    note: str = ""
    checks: deque[bool] = attrs.field(factory=lambda: deque[bool](maxlen=CHECKS_KEPT))
    last_checks: tuple[PastCheck, ...] = ()
    exit: Exit | None = None

    def succeeded(self, now: datetime) -> None:
        """Record that the service answered."""
        self.last_success = now
        self.failures = 0
        self.error = None

    def failed(self, now: datetime, error: str | None, exit: Exit | None = None) -> None:  # noqa: A002 - the record
        """Record a failure."""
        self.last_failure = now
        self.failures += 1
        self.error = error or self.error
        self.exit = exit or self.exit

    def checked(self, now: datetime, took: float, *, answered: bool | None, error: str | None) -> None:
        """Record the outcome of a check; `took` is its duration in seconds."""
        check = PastCheck(time=now, answered=answered, response_time=took, error=error)
        self.last_checks = (*self.last_checks[1 - SHOWN_CHECKS :], check)  # an empty deque takes 700 bytes
        if answered is not None:
            self.checks.append(answered)
        if answered:
            self.succeeded(now)
            self.response_time = took
            self.error = error
        elif answered is False:
            self.failed(now, error)
        else:
            self.error = error

    @property
    def success_rate(self) -> float:
        """Share of answered checks among the last ones, in per cent; 0 before the first check."""
        return 100.0 * sum(self.checks) / len(self.checks) if self.checks else 0.0

    def metadata(self, ctx: Context) -> StateMetadata:
        """Return the metadata of the current state."""
        shows_error = ctx.connection is not ServiceConnectionState.HEALTHY
        return StateMetadata(
            consecutive_failures=self.failures,
            reconnect_attempts=ctx.attempts,
            state_entered_time=self.entered,
            last_success_time=self.last_success,
            last_failure_time=self.last_failure,
            response_time=None if self.response_time is None else self.response_time * 1000,
            error_message=self.error if shows_error else None,
            next_retry_time=self.next_retry if ctx.connection not in LIVE_STATES else None,
            reason=ctx.reason,
            edge_id=self.edge_id,
        )
