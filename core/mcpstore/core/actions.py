"""Actions of the lifecycle machine. The service runner carries them out and reports their outcome as events."""

from __future__ import annotations

import attrs

from mcpstore.core.events import Timer
from mcpstore.models.service import Reason, ServiceConnectionState

__all__ = ["Action", "Arm", "Close", "Edge", "Forget", "Open", "Probe", "Publish", "Withdraw"]


class Action:
    """Base class of the actions."""

    __slots__ = ()


@attrs.frozen
class Open(Action):
    """OPEN: open a connection; completed by `OpenOk` or `OpenFail`."""

    epoch: int


@attrs.frozen
class Probe(Action):
    """PROBE: check the connection; completed by one of the `Check…` events."""

    epoch: int


@attrs.frozen
class Close(Action):
    """CLOSE: end the connection and everything that belongs to it; completed by `Closed` or `CloseFail`."""

    epoch: int


@attrs.frozen(kw_only=True)
class Arm(Action):
    """ARM: start a timer; it replaces the armed one, except STABLE.

    Attributes:
        timer: Timer to start.
        backoff_exponent: With RETRY, the exponent of the backoff.
        failed_rounds: With COOL, the number of rounds that failed before this one.
        reason: With COOL, the cause of the cool-down.
        never: With COOL, whether the timer never expires, so that only an operator ends the cool-down.
    """

    timer: Timer
    backoff_exponent: int = 0
    failed_rounds: int = 0
    reason: Reason = Reason.NONE
    never: bool = False


@attrs.frozen
class Edge(Action):
    """EDGE: publish a change of the connection state."""

    old: ServiceConnectionState
    new: ServiceConnectionState


@attrs.frozen
class Publish(Action):
    """PUBLISH: make the tools of the service callable."""


@attrs.frozen
class Withdraw(Action):
    """WITHDRAW: make the tools of the service no longer callable."""


@attrs.frozen
class Forget(Action):
    """FORGET: remove the service; everything of it is closed."""
