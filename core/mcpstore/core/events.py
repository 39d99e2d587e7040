"""What can happen to a service: the alphabet of the lifecycle machine."""

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
    """The timers of the machine; at most one besides `STABLE` is armed at a time."""

    NONE = ""
    CHECK = "check"
    """The next regular health check."""
    FAST = "fast"
    """The next health check of a service under suspicion."""
    RETRY = "retry"
    """The next attempt of this round."""
    COOL = "cool"
    """The next round of attempts."""
    REAP = "reap"
    """The next attempt to end what survived a close."""
    STABLE = "stable"
    """The end of probation; runs beside the others."""


class Failure(StrEnum):
    """Why a service could not be opened."""

    TRANSIENT = "transient"
    TIMEOUT = "timeout"
    PERMANENT = "permanent"


class Undecided(StrEnum):
    """Why a check decided nothing."""

    LOCAL = "local"
    """We are in trouble ourselves: out of files or memory, stalled, resumed, or most services failed at once."""
    SERVICE = "service"
    """The service is silent, but busy with a call."""


class Event:
    """Something that happened to one service."""

    __slots__ = ()


# --- from the operator -------------------------------------------------------------------------------------


@attrs.frozen
class Start(Event):
    """START: somebody wants it to run."""


@attrs.frozen
class Stop(Event):
    """STOP: somebody wants it not to run."""


@attrs.frozen
class Restart(Event):
    """RESTART: somebody wants it closed and opened again."""


@attrs.frozen(kw_only=True)
class Update(Event):
    """UPDATE: its configuration changed.

    Attributes:
        reconnect: Whether the change concerns the connection, so that it must be opened again.
    """

    reconnect: bool


@attrs.frozen
class Remove(Event):
    """REMOVE: it is to be closed and forgotten."""


@attrs.frozen
class Recheck(Event):
    """RECHECK: somebody wants to know now."""


# --- how actions ended -------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Completion(Event):
    """The end of an action, or a signal from a connection.

    Attributes:
        epoch: Number of the connection it belongs to; an outdated one changes nothing.
    """

    epoch: int


@attrs.frozen(kw_only=True)
class OpenOk(Completion):
    """OPEN_OK: the handshake is done and the tools are listed."""


@attrs.frozen(kw_only=True)
class OpenFail(Completion):
    """OPEN_FAIL: it could not be opened."""

    failure: Failure


@attrs.frozen(kw_only=True)
class CheckOk(Completion):
    """CHECK_OK: it answered in time."""


@attrs.frozen(kw_only=True)
class CheckSlow(Completion):
    """CHECK_SLOW: it answered, but slowly."""


@attrs.frozen(kw_only=True)
class CheckFail(Completion):
    """CHECK_FAIL: it answered wrongly.

    Attributes:
        intensity: Whether the restart window is full, should this end the connection.
    """

    intensity: bool = False


@attrs.frozen(kw_only=True)
class CheckTimeout(Completion):
    """CHECK_TIMEOUT: it did not answer."""

    intensity: bool = False


@attrs.frozen(kw_only=True)
class CheckUndecidable(Completion):
    """CHECK_UNDECIDABLE: the check says nothing about the service."""

    cause: Undecided
    intensity: bool = False


@attrs.frozen(kw_only=True)
class Closed(Completion):
    """CLOSED: nothing of the connection is left.

    Attributes:
        give_up: Whether the recovery policy wants no further attempt by itself.
    """

    give_up: bool = False


@attrs.frozen(kw_only=True)
class CloseFail(Completion):
    """CLOSE_FAIL: something survived the close."""


@attrs.frozen(kw_only=True)
class Lost(Completion):
    """LOST: the connection ended without being asked to."""

    intensity: bool = False


# --- from the scheduler ------------------------------------------------------------------------------------


@attrs.frozen
class Expired(Event):
    """T(timer): an armed timer ran out."""

    timer: Timer


@attrs.frozen(kw_only=True)
class Overdue(Completion):
    """OVERDUE: an action neither ended nor failed within its deadline."""

    intensity: bool = False
