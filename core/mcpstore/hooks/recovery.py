"""What a recovery policy plugin offers: when a service is opened again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from mcpstore.core.models.service import Reason, RestartOption

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["GiveUp", "Incident", "RecoveryPolicy", "Retry"]

C = TypeVar("C", bound="BaseModel")


@attrs.frozen(kw_only=True)
class Incident:
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


@attrs.frozen(kw_only=True)
class Retry:
    """Open it again.

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
    decide: Callable[[Incident, C], Retry | GiveUp | None]
