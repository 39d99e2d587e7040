"""Context of the lifecycle machine for one service: small, immutable, JSON-serializable."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any, Final

import attrs

from mcpstore.core.events import Timer
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceStatus

__all__ = ["Act", "Context", "Desired", "Limits", "Next", "run_status"]


class Desired(StrEnum):
    """State that the operator requested."""

    RUN = "run"
    STOP = "stop"
    GONE = "gone"


class Act(StrEnum):
    """Action in flight; there is at most one."""

    NONE = ""
    CONNECT = "connect"
    CHECK = "check"
    CLOSE = "close"


class Next(StrEnum):
    """Continuation of a close."""

    NONE = ""
    PARK = "park"
    GONE = "gone"
    CONNECT = "connect"
    BACKOFF = "backoff"
    COOL = "cool"


@attrs.frozen(kw_only=True)
class Limits:
    """Limits of the counters.

    Attributes:
        failures: Number of failed checks in a row that ends a connection.
        warning_failures: Number of failed checks in a row that leads from WARNING to UNHEALTHY.
        warning_successes: Number of timely answers in a row that leads from WARNING to HEALTHY.
        undecided: Number of inconclusive checks in a row, caused by a busy service, that ends a connection.
        attempts: Number of failed attempts that ends a round.
        max_backoff_exponent: Maximum exponent of the backoff.
        max_failed_rounds: Maximum count of failed rounds.
    """

    failures: int = 3
    warning_failures: int = 2
    warning_successes: int = 2
    undecided: int = 5
    attempts: int = 10
    max_backoff_exponent: int = 16
    max_failed_rounds: int = 16


@attrs.frozen(kw_only=True)
class Context:
    """State of the machine for one service.

    Attributes:
        desired: State that the operator requested.
        connection: Connection state.
        reason: Cause of DISCONNECTED; NONE in every other state.
        activity: Action in flight.
        timer: Armed timer, not counting STABLE.
        stable: Whether the timer STABLE is armed.
        next_act: Continuation of the close that is in flight or will be repeated.
        live: Whether the newest connection is not confirmed as closed.
        fails: Number of failed checks in a row.
        undecided_checks: Number of inconclusive checks in a row.
        good_checks: Number of timely answers in a row, in WARNING.
        attempts: Number of failed attempts in this round.
        backoff_exponent: Exponent of the next backoff.
        failed_rounds: Number of failed rounds in a row.
        on_probation: Whether the next failure or loss ends the round at once.
        by_operator: Whether the operator requested the opening in progress.
        close_failed: Whether processes survived a close.
        removed: Whether the service is forgotten.
        epoch: Number of the newest connection.
    """

    desired: Desired = Desired.STOP
    connection: ServiceConnectionState = ServiceConnectionState.DISCONNECTED
    reason: Reason = Reason.NEW
    activity: Act = Act.NONE
    timer: Timer = Timer.NONE
    stable: bool = False
    next_act: Next = Next.NONE
    live: bool = False
    fails: int = 0
    undecided_checks: int = 0
    good_checks: int = 0
    attempts: int = 0
    backoff_exponent: int = 0
    failed_rounds: int = 0
    on_probation: bool = False
    by_operator: bool = False
    close_failed: bool = False
    removed: bool = False
    epoch: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the context as a JSON object."""
        values = {field.name: getattr(self, field.name) for field in attrs.fields(Context)}
        return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Context:
        """Return the context of a JSON object that `to_json` returned."""
        values: dict[str, Any] = {
            name: _ENUMS[name](value) if name in _ENUMS else value for name, value in data.items()
        }
        return cls(**values)


_ENUMS: Final[Mapping[str, type[StrEnum]]] = {
    "desired": Desired,
    "connection": ServiceConnectionState,
    "reason": Reason,
    "activity": Act,
    "timer": Timer,
    "next_act": Next,
}


def run_status(ctx: Context) -> ServiceStatus:
    """Return the run status: the first matching row of the table in docs/explanation/lifecycle.md."""
    state, closing = ctx.connection, ctx.activity is Act.CLOSE
    if ctx.close_failed:
        status = ServiceStatus.ERROR
    elif ctx.desired is not Desired.RUN:
        if closing:
            status = ServiceStatus.STOPPING
        else:
            status = ServiceStatus.NOT_STARTED if ctx.reason is Reason.NEW else ServiceStatus.STOPPED
    elif state in (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING):
        status = ServiceStatus.RUNNING
    elif state is ServiceConnectionState.UNKNOWN:
        status = ServiceStatus.UNKNOWN
    elif state is ServiceConnectionState.INITIALIZING or (
        state is ServiceConnectionState.RECONNECTING and ctx.by_operator
    ):
        status = ServiceStatus.STOPPING if closing else ServiceStatus.STARTING
    else:
        status = ServiceStatus.ERROR
    return status
