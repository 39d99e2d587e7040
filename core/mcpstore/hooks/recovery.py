"""Offer of a recovery policy plugin: when a service is opened again after a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from mcpstore.models.service import Reason, RestartOption

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["FailureContext", "GiveUp", "RecoveryPolicy", "Reregister", "Retry"]

C = TypeVar("C", bound="BaseModel")


@attrs.frozen(kw_only=True)
class FailureContext:
    """Failure of a service that is closed and waits for a decision.

    Attributes:
        service: Name of the service.
        attempt: Number of failed attempts in this round.
        rounds: Number of failed rounds in a row.
        reason: Cause of the cool-down between two rounds; `Reason.NONE` within a round.
        delay: Delay of the built-in timing, in seconds.
        floor: Minimum delay, in seconds; a shorter one is raised to it.
        restart: The `restart` option of the service.
        exit_code: Exit code of the process; None if it did not exit by itself.
        error: Error message of the failure.
        attempts_ago: Ages of the automatic attempts since the last start by an operator, in seconds, newest first; at
            most 100.
    """

    service: str
    attempt: int
    rounds: int
    reason: Reason
    delay: float
    floor: float
    restart: RestartOption = RestartOption.ALWAYS
    exit_code: int | None = None
    error: str = ""
    attempts_ago: tuple[float, ...] = ()

    def attempts_within(self, seconds: float) -> int:
        """Return the number of automatic attempts in the last `seconds`."""
        return sum(ago <= seconds for ago in self.attempts_ago)


@attrs.frozen(kw_only=True)
class Retry:
    """Open the service again.

    Attributes:
        after: Delay in seconds; at least `FailureContext.floor`.
    """

    after: float


@attrs.frozen(kw_only=True)
class Reregister:
    """Recreate the service from its stored entry, and open it.

    The configuration is read again, so the newest entry is used. What the manager learned about the service is
    discarded: its protocol generation and its start time. The entry is not changed.

    Attributes:
        after: Delay in seconds; at least `FailureContext.floor`.
    """

    after: float


@attrs.frozen(kw_only=True)
class GiveUp:
    """Leave the service closed until an operator starts it.

    Attributes:
        why: Reason, shown with the state of the service.
    """

    why: str


@attrs.frozen(kw_only=True)
class RecoveryPolicy(Generic[C]):
    """Rule that decides when a service is opened again.

    Attributes:
        name: Name of the policy in configurations: `"recovery": "backoff"` or `{"type": "backoff", …}`.
        config: Pydantic model of its options.
        decide: Plain function, called with (incident, options) in the event loop; must return at once. If it raises or
            returns None, the built-in timing applies.
    """

    name: str
    config: type[C]
    decide: Callable[[FailureContext, C], Retry | Reregister | GiveUp | None]
