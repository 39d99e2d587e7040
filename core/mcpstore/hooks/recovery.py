"""What a recovery policy plugin offers: when a service is opened again."""

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
    """A service that is closed and waits for a decision.

    Attributes:
        service: Its name.
        attempt: Failed attempts in this round.
        rounds: Failed rounds in a row.
        reason: Why it has to rest between rounds; `Reason.NONE` within a round.
        delay: Seconds the built-in timing would wait.
        floor: Seconds it will wait at least, whatever is decided.
        restart: The service's `restart` option.
        exit_code: Exit code, if a process ended by itself.
        error: What went wrong, in words.
        attempts_ago: How many seconds ago each attempt was made that nobody asked for, newest first; the last 100 since
            somebody asked.
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
        """Return how many attempts the manager made by itself in the last `seconds`."""
        return sum(ago <= seconds for ago in self.attempts_ago)


@attrs.frozen(kw_only=True)
class Retry:
    """Open it again.

    Attributes:
        after: Seconds to wait; the manager keeps to the floor.
    """

    after: float


@attrs.frozen(kw_only=True)
class Reregister:
    """Make it anew from its stored entry, and open it.

    The configuration is read again, so that the newest entry counts, and everything that was learned of the service is
    forgotten: the protocol it speaks, how long it takes to start. The entry itself is only read.

    Attributes:
        after: Seconds to wait; the manager keeps to the floor.
    """

    after: float


@attrs.frozen(kw_only=True)
class GiveUp:
    """Leave it closed until somebody asks for it.

    Attributes:
        why: Shown to people who ask.
    """

    why: str


@attrs.frozen(kw_only=True)
class RecoveryPolicy(Generic[C]):
    """A rule for opening services again.

    Attributes:
        name: What configurations call it: `"recovery": "backoff"` or `{"type": "backoff", …}`.
        config: The pydantic model of its options.
        decide: Called with (incident, options); must return at once. Failing or returning None leaves the decision to
            the built-in timing.
    """

    name: str
    config: type[C]
    decide: Callable[[FailureContext, C], Retry | Reregister | GiveUp | None]
