"""Recovery policies `fixed`, `reregister` and `manual`: the configuration says when a service is opened again.

No wait is shorter than the manager's minimum, so that no option makes a failing service busy.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from mcpstore.hooks import FailureContext, GiveUp, RecoveryPolicy, Reregister, Retry, hookimpl

__all__ = ["FixedOptions", "ManualOptions", "ReregisterOptions", "fixed", "manual", "reregister"]


class Limited(BaseModel, extra="forbid"):
    """Limit of the attempts within a window.

    Attributes:
        max_attempts: Attempts within the window after which the service is not opened again until it is restarted; None
            for no limit.
        window: Length of the window, in seconds.
    """

    max_attempts: int | None = Field(default=None, ge=1, le=100)
    window: float = Field(default=600.0, gt=0, allow_inf_nan=False)

    def exceeded(self, incident: FailureContext) -> GiveUp | None:
        """Return the decision to give up if the limit is reached, else None."""
        attempts = incident.attempts_within(self.window)
        if self.max_attempts is None or attempts < self.max_attempts:
            return None
        return GiveUp(why=f"{attempts} attempts within {self.window:g} s failed")


class FixedOptions(Limited):
    """Options of `fixed`.

    Attributes:
        delay: Wait before each attempt, in seconds.
        max_attempts: Attempts within the window after which the service is not opened again until it is restarted; None
            for no limit.
        window: Length of the window, in seconds.
    """

    delay: float = Field(default=5.0, gt=0, allow_inf_nan=False)


class ReregisterOptions(Limited):
    """Options of `reregister`.

    Attributes:
        delay: Wait before each attempt, in seconds; None for the built-in backoff.
        every: Number of attempts per recreation: with 3, every third attempt of a round recreates the service; the
            others only open it again.
        max_attempts: Attempts within the window after which the service is not opened again until it is restarted; None
            for no limit.
        window: Length of the window, in seconds.
    """

    delay: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    every: int = Field(default=1, ge=1)


class ManualOptions(BaseModel, extra="forbid"):
    """`manual` has no options."""


def fixed(incident: FailureContext, options: FixedOptions) -> Retry | GiveUp:
    """Open the service again after a fixed delay."""
    return options.exceeded(incident) or Retry(after=options.delay)


def reregister(incident: FailureContext, options: ReregisterOptions) -> Retry | Reregister | GiveUp:
    """Recreate the service from its stored entry before each further round and at every n-th attempt of a round."""
    if (give_up := options.exceeded(incident)) is not None:
        return give_up
    after = incident.delay if options.delay is None else options.delay
    is_due = bool(incident.reason) or (incident.attempt + 1) % options.every == 0
    return Reregister(after=after) if is_due else Retry(after=after)


def manual(incident: FailureContext, options: ManualOptions) -> GiveUp:  # noqa: ARG001 - signature of a policy
    """Do not open the service again until it is restarted."""
    return GiveUp(why="its recovery policy is 'manual'")


@hookimpl
def mcpstore_recovery_policies() -> list[RecoveryPolicy[Any]]:
    """Return the policies."""
    return [
        RecoveryPolicy(name="fixed", config=FixedOptions, decide=fixed),
        RecoveryPolicy(name="reregister", config=ReregisterOptions, decide=reregister),
        RecoveryPolicy(name="manual", config=ManualOptions, decide=manual),
    ]
