"""Events of the lifecycle machine."""

from __future__ import annotations

from enum import StrEnum

import attrs

__all__ = [
    "CheckFail",
    "CheckOk",
    "CheckSlow",
    "CheckTimeout",
    "CheckUndecidable",
    "CloseFail",
    "Closed",
    "Completion",
    "Event",
    "Expired",
    "Failure",
    "Lost",
    "OpenFail",
    "OpenOk",
    "Overdue",
    "Recheck",
    "Remove",
    "Restart",
    "Start",
    "Stop",
    "Timer",
    "Undecided",
    "Update",
]


class Timer(StrEnum):
    """Timers of the machine; at most one is armed at a time, not counting `STABLE`."""

    NONE = ""
    CHECK = "check"
    """Time until the next regular health check."""
    FAST = "fast"
    """Time until the next health check in UNHEALTHY or UNKNOWN, or after a failed check in WARNING."""
    RETRY = "retry"
    """Backoff: time until the next attempt of this round."""
    COOL = "cool"
    """Cool-down: time until the next round of attempts."""
    REAP = "reap"
    """Time until the next attempt to end processes that survived a close."""
    STABLE = "stable"
    """Time without a loss that ends probation and clears the counters; runs beside the other timers."""


class Failure(StrEnum):
    """Kind of failure of an opening."""

    TRANSIENT = "transient"
    TIMEOUT = "timeout"
    PERMANENT = "permanent"


class Undecided(StrEnum):
    """Cause of an inconclusive check."""

    LOCAL = "local"
    """Fault of the manager or its host: no files or memory left, stall, resume, or failure of most services at once."""
    SERVICE = "service"
    """The service does not answer the check while a call is in progress."""


class Event:
    """Base class of the events of one service."""

    __slots__ = ()


# --- from the operator -------------------------------------------------------------------------------------


@attrs.frozen
class Start(Event):
    """START: the operator starts the service."""


@attrs.frozen
class Stop(Event):
    """STOP: the operator stops the service."""


@attrs.frozen
class Restart(Event):
    """RESTART: the operator requests a close and a new opening."""


@attrs.frozen(kw_only=True)
class Update(Event):
    """UPDATE: the configuration of the service changed.

    Attributes:
        reconnect: Whether the change affects the connection, so that it must be opened again.
    """

    reconnect: bool


@attrs.frozen
class Remove(Event):
    """REMOVE: the operator removes the service."""


@attrs.frozen
class Recheck(Event):
    """RECHECK: the operator requests a health check or an attempt now."""


# --- completions and signals -------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Completion(Event):
    """Completion of an action, or signal from a connection.

    Attributes:
        epoch: Number of the connection; an event with an outdated epoch changes nothing.
    """

    epoch: int


@attrs.frozen(kw_only=True)
class OpenOk(Completion):
    """OPEN_OK: the handshake is done and the tools are listed."""


@attrs.frozen(kw_only=True)
class OpenFail(Completion):
    """OPEN_FAIL: the opening failed.

    Attributes:
        failure: Kind of the failure.
    """

    failure: Failure


@attrs.frozen(kw_only=True)
class CheckOk(Completion):
    """CHECK_OK: the service answered in time."""


@attrs.frozen(kw_only=True)
class CheckSlow(Completion):
    """CHECK_SLOW: the service answered, but slowly."""


@attrs.frozen(kw_only=True)
class CheckFail(Completion):
    """CHECK_FAIL: the service gave an invalid answer.

    Attributes:
        intensity: Whether the restart window would be full if this event ends the connection.
    """

    intensity: bool = False


@attrs.frozen(kw_only=True)
class CheckTimeout(Completion):
    """CHECK_TIMEOUT: the service did not answer in time.

    Attributes:
        intensity: As in `CheckFail`.
    """

    intensity: bool = False


@attrs.frozen(kw_only=True)
class CheckUndecidable(Completion):
    """CHECK_UNDECIDABLE: the check is inconclusive.

    Attributes:
        cause: Cause.
        intensity: As in `CheckFail`.
    """

    cause: Undecided
    intensity: bool = False


@attrs.frozen(kw_only=True)
class Closed(Completion):
    """CLOSED: nothing of the connection is left.

    Attributes:
        give_up: Whether the recovery policy ends the automatic attempts.
    """

    give_up: bool = False


@attrs.frozen(kw_only=True)
class CloseFail(Completion):
    """CLOSE_FAIL: processes of the connection survived the close."""


@attrs.frozen(kw_only=True)
class Lost(Completion):
    """LOST: the connection ended unexpectedly.

    Attributes:
        intensity: As in `CheckFail`.
    """

    intensity: bool = False


# --- from the scheduler ------------------------------------------------------------------------------------


@attrs.frozen
class Expired(Event):
    """T(timer): a timer expired.

    Attributes:
        timer: The timer.
    """

    timer: Timer


@attrs.frozen(kw_only=True)
class Overdue(Completion):
    """OVERDUE: an action was not completed within its deadline.

    Attributes:
        intensity: As in `CheckFail`.
    """

    intensity: bool = False
