"""What the lifecycle machine asks to be done: carried out by a runner, reported back as events."""

from __future__ import annotations

import attrs

from mcpstore.core.events import Timer
from mcpstore.models.service import Reason, ServiceConnectionState

__all__ = ["Action", "Arm", "Close", "Edge", "Forget", "Open", "Probe", "Publish", "Withdraw"]


class Action:
    """Something to do now."""

    __slots__ = ()


@attrs.frozen
class Open(Action):
    """OPEN: open a connection; ends with `OpenOk` or `OpenFail`."""

    epoch: int


@attrs.frozen
class Probe(Action):
    """PROBE: check the connection; ends with one of the `Check…` events."""

    epoch: int


@attrs.frozen
class Close(Action):
    """CLOSE: end the connection and everything that belongs to it; ends with `Closed` or `CloseFail`."""

    epoch: int


@attrs.frozen(kw_only=True)
class Arm(Action):
    """ARM: start a timer; replaces the one that was armed before.

    Attributes:
        timer: Which one.
        exp: With RETRY, the exponent of the backoff.
        failed_rounds: With COOL, how many rounds have failed before this one.
        reason: With COOL, what led to it.
        never: With COOL, that only a person ends it.
    """

    timer: Timer
    backoff_exponent: int = 0
    failed_rounds: int = 0
    reason: Reason = Reason.NONE
    never: bool = False


@attrs.frozen
class Edge(Action):
    """EDGE: the connection state changed; to be announced."""

    old: ServiceConnectionState
    new: ServiceConnectionState


@attrs.frozen
class Publish(Action):
    """PUBLISH: the tools of the service can be called from now on."""


@attrs.frozen
class Withdraw(Action):
    """WITHDRAW: the tools of the service cannot be called any longer."""


@attrs.frozen
class Forget(Action):
    """FORGET: nothing is left of the service; drop it."""
