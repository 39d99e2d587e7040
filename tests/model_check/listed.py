"""What the specification lists: which events are heard where, and which edges exist. Written by hand, on purpose.

The machine says the same in another way (guards and moves); that two independent texts agree on every reachable
context is what makes the check worth something. Whoever changes the machine changes this file with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Context
from mcpstore.core.events import Completion, Event, Timer
from mcpstore.models.service import ServiceConnectionState, ServiceStatus
from tests.model_check.alphabet import NOW
from tests.model_check.notation import event_kind, situation

__all__ = ["AUTOMATIC_EDGES", "GRID", "OPERATOR_EDGES", "RUN_EDGES", "Edges", "heard"]

D: Final = ServiceConnectionState.DISCONNECTED
H: Final = ServiceConnectionState.HEALTHY
I: Final = ServiceConnectionState.INITIALIZING  # noqa: E741 - one letter per state keeps the tables below readable
R: Final = ServiceConnectionState.RECONNECTING
U: Final = ServiceConnectionState.UNHEALTHY
X: Final = ServiceConnectionState.UNKNOWN
W: Final = ServiceConnectionState.WARNING

Edges = frozenset[tuple[ServiceConnectionState, ServiceConnectionState]]
"""Pairs of a state and the next one."""

AUTOMATIC_EDGES: Final[Edges] = frozenset(
    {
        # the thirteen of the seven-state picture
        *((I, H), (I, R), (H, W), (H, U), (W, H), (W, U), (U, R), (R, H), (R, D), (D, R), (H, X), (W, X), (U, X)),
        # recovered in time, and ways out of UNKNOWN
        *((U, H), (U, W), (X, H), (X, W), (X, U)),
    }
)
"""The edges taken without anybody asking."""

OPERATOR_EDGES: Final[Mapping[type[Event], Edges]] = {
    ev.Start: frozenset({(D, I), (D, R)}),
    ev.Recheck: frozenset({(D, R)}),
    ev.Stop: frozenset({(I, D), (H, D), (W, D), (U, D), (X, D), (R, D)}),
    ev.Remove: frozenset({(I, D), (H, D), (W, D), (U, D), (X, D), (R, D)}),
    ev.Update: frozenset({(D, I), (H, I), (W, I), (U, I), (X, I), (R, I)}),
    ev.Restart: frozenset({(D, I), (D, R), (H, R), (W, R), (U, R), (X, R)}),
}
"""The edges a person may cause, by what is asked for."""

_S = ServiceStatus

RUN_EDGES: Final[frozenset[tuple[ServiceStatus, ServiceStatus | None]]] = frozenset(
    {
        # the picture of the seven run statuses
        *((_S.NOT_STARTED, _S.STARTING), (_S.STARTING, _S.RUNNING), (_S.STARTING, _S.ERROR)),
        *((_S.RUNNING, _S.STOPPING), (_S.RUNNING, _S.ERROR), (_S.STOPPING, _S.STOPPED), (_S.STOPPING, _S.ERROR)),
        *((_S.ERROR, _S.STARTING), (_S.STOPPED, _S.STARTING), (_S.ERROR, None), (_S.STOPPED, None)),
        # what follows from deriving it
        *((_S.ERROR, _S.RUNNING), (_S.ERROR, _S.STOPPING), (_S.ERROR, _S.STOPPED), (_S.ERROR, _S.UNKNOWN)),
        *((_S.RUNNING, _S.UNKNOWN), (_S.UNKNOWN, _S.RUNNING), (_S.UNKNOWN, _S.ERROR), (_S.UNKNOWN, _S.STOPPING)),
        *((_S.STARTING, _S.STOPPING), (_S.STOPPING, _S.STARTING), (_S.NOT_STARTED, None), (_S.STOPPING, None)),
    }
)
"""The changes of the run status; None stands for a service that is no more."""

_END = "STOP RESTART UPDATE REMOVE"
_CHECKS = "CHECK_OK CHECK_SLOW CHECK_FAIL CHECK_TIMEOUT CHECK_UNDECIDABLE"
_OPENING = f"{_END} OPEN_OK OPEN_FAIL OVERDUE"
_CHECKING = f"{_END} LOST {_CHECKS} OVERDUE"
_CLOSING = "CLOSED CLOSE_FAIL OVERDUE"

_TEXT: Final[Mapping[str, str]] = {
    "DISCONNECTED parked": "START RESTART REMOVE",
    "DISCONNECTED gone": "",
    "DISCONNECTED⟨CLOSE→PARK⟩": f"START RESTART REMOVE {_CLOSING}",
    "DISCONNECTED⏲REAP→PARK": "START RESTART REMOVE T(REAP)",
    "DISCONNECTED⟨CLOSE→GONE⟩": _CLOSING,
    "DISCONNECTED⏲REAP→GONE": "T(REAP)",
    "DISCONNECTED⟨CLOSE→COOL⟩": f"START {_END} {_CLOSING}",
    "DISCONNECTED⏲REAP→COOL": f"START {_END} T(REAP)",
    "DISCONNECTED⏲COOL": f"START RECHECK {_END} T(COOL)",
    "INITIALIZING⟨CONNECT⟩": _OPENING,
    "INITIALIZING⟨CLOSE→CONNECT⟩": f"STOP RESTART? UPDATE? REMOVE {_CLOSING}",
    "INITIALIZING⏲REAP→CONNECT": f"{_END} T(REAP)",
    "RECONNECTING⟨CONNECT⟩": _OPENING,
    "RECONNECTING⟨CLOSE→CONNECT⟩": f"STOP RESTART? UPDATE REMOVE {_CLOSING}",
    "RECONNECTING⏲REAP→CONNECT": f"{_END} T(REAP)",
    "RECONNECTING⟨CLOSE→BACKOFF⟩": f"START {_END} {_CLOSING}",
    "RECONNECTING⏲REAP→BACKOFF": f"START {_END} T(REAP)",
    "RECONNECTING⏲RETRY": f"START RECHECK {_END} T(RETRY)",
    "HEALTHY⏲CHECK": f"{_END} RECHECK LOST T(CHECK)",
    "WARNING⏲CHECK": f"{_END} RECHECK LOST T(CHECK)",
    "WARNING⏲FAST": f"{_END} RECHECK LOST T(FAST)",
    "UNHEALTHY⏲FAST": f"{_END} RECHECK LOST T(FAST)",
    "UNKNOWN⏲FAST": f"{_END} RECHECK LOST T(FAST)",
    "HEALTHY⟨CHECK⟩": _CHECKING,
    "WARNING⟨CHECK⟩": _CHECKING,
    "UNHEALTHY⟨CHECK⟩": _CHECKING,
    "UNKNOWN⟨CHECK⟩": _CHECKING,
}

GRID: Final[Mapping[str, frozenset[str]]] = {where: frozenset(what.split()) for where, what in _TEXT.items()}
"""Every situation there is, and the events that are heard in it; all others change nothing.

A question mark: the event is heard, but may find its work under way already. `UPDATE` means one that concerns the
connection. `T(STABLE)` is not in the grid: it is heard exactly while the probation timer is armed.
"""


def heard(ctx: Context, event: Event) -> bool | None:
    """Whether an event must change something here; None if it may or may not."""
    if isinstance(event, Completion) and event.epoch != NOW:
        return False
    if isinstance(event, ev.Expired) and event.timer is Timer.STABLE:
        return ctx.stable
    if isinstance(event, ev.Update) and not event.reconnect:
        return False
    name = event_kind(type(event)) + (f"({event.timer.name})" if isinstance(event, ev.Expired) else "")
    listed = GRID.get(situation(ctx), frozenset())
    return None if f"{name}?" in listed else name in listed
