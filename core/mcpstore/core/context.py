"""The memory of the lifecycle machine for one service: small, immutable, JSON-serialisable."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any, Final

import attrs

from mcpstore.core.events import Timer
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceStatus

__all__ = ["Act", "Context", "Desired", "Limits", "Next", "run_status"]


class Desired(StrEnum):
    """What the operator wants."""

    RUN = "run"
    STOP = "stop"
    GONE = "gone"


class Act(StrEnum):
    """The action in flight; there is never more than one."""

    NONE = ""
    CONNECT = "connect"
    CHECK = "check"
    CLOSE = "close"


class Next(StrEnum):
    """What follows once everything is closed."""

    NONE = ""
    PARK = "park"
    GONE = "gone"
    CONNECT = "connect"
    BACKOFF = "backoff"
    COOL = "cool"


@attrs.frozen(kw_only=True)
class Limits:
    """How often is too often.

    Attributes:
        failures: Failed checks in a row that end a connection.
        warning_failures: Failed checks in a row that turn WARNING into UNHEALTHY.
        warning_successes: Timely answers in a row that turn WARNING into HEALTHY.
        undecided: Checks in a row that a busy service leaves undecided before it counts as lost.
        attempts: Failed attempts to open that end a round.
        max_backoff_exponent: Largest exponent of the backoff.
        max_failed_rounds: Largest count of failed rounds.
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
    """Everything the machine remembers of one service.

    Attributes:
        desired: What the operator wants.
        connection: The connection state.
        reason: Why it is disconnected.
        activity: The action in flight.
        timer: The timer armed.
        stable: Whether the probation timer is armed.
        next_act: What follows the close in flight (or the one to be repeated).
        live: Whether we own something not confirmed closed.
        fails: Failed checks in a row.
        undecided_checks: Undecided checks in a row.
        good_checks: Timely answers in a row while in WARNING.
        attempts: Failed attempts in this round.
        backoff_exponent: Exponent of the next backoff.
        failed_rounds: Failed rounds in a row.
        on_probation: On probation: the next loss ends the round at once.
        by_operator: Whether an operator asked for the opening under way.
        close_failed: Something survived a close.
        removed: It has been forgotten.
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
        """Return the context as what `json.dumps` takes."""
        values = {field.name: getattr(self, field.name) for field in attrs.fields(Context)}
        return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Context:
        """Return the context that `to_json` described."""
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
    """Return the run status: the first row of the table that holds (docs/explanation/lifecycle.md)."""
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
