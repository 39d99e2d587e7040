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
        exp: Where the exponent of the backoff stops growing.
        trips: Where the count of failed rounds stops growing.
    """

    failures: int = 3
    warning_failures: int = 2
    warning_successes: int = 2
    undecided: int = 5
    attempts: int = 10
    exp: int = 16
    trips: int = 16


@attrs.frozen(kw_only=True)
class Context:
    """Everything the machine remembers of one service.

    Attributes:
        desired: What the operator wants.
        conn: The connection state.
        reason: Why it is disconnected.
        act: The action in flight.
        timer: The timer armed.
        stable: Whether the probation timer is armed.
        nxt: What follows the close in flight (or the one to be repeated).
        live: Whether we own something not confirmed closed.
        fails: Failed checks in a row.
        unk: Undecided checks in a row.
        oks: Timely answers in a row while in WARNING.
        att: Failed attempts in this round.
        exp: Exponent of the next backoff.
        trips: Failed rounds in a row.
        half: On probation: the next loss ends the round at once.
        op: Whether an operator asked for the opening under way.
        closebad: Something survived a close.
        removed: It has been forgotten.
        epoch: Number of the newest connection.
    """

    desired: Desired = Desired.STOP
    conn: ServiceConnectionState = ServiceConnectionState.DISCONNECTED
    reason: Reason = Reason.NEW
    act: Act = Act.NONE
    timer: Timer = Timer.NONE
    stable: bool = False
    nxt: Next = Next.NONE
    live: bool = False
    fails: int = 0
    unk: int = 0
    oks: int = 0
    att: int = 0
    exp: int = 0
    trips: int = 0
    half: bool = False
    op: bool = False
    closebad: bool = False
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
    "conn": ServiceConnectionState,
    "reason": Reason,
    "act": Act,
    "timer": Timer,
    "nxt": Next,
}


def run_status(ctx: Context) -> ServiceStatus:
    """Return the run status: the first row of the table that holds (docs/explanation/lifecycle.md)."""
    state, closing = ctx.conn, ctx.act is Act.CLOSE
    if ctx.closebad:
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
    elif state is ServiceConnectionState.INITIALIZING or (state is ServiceConnectionState.RECONNECTING and ctx.op):
        status = ServiceStatus.STOPPING if closing else ServiceStatus.STARTING
    else:
        status = ServiceStatus.ERROR
    return status
