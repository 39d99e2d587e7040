"""Recovery policies `fixed`, `reregister` and `manual`: when a service is opened again, said by whoever configures it.

Waits are what is asked for, never less than the manager's own floor: no option makes a service that cannot be opened
be opened in a hurry.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from mcpstore.hooks import FailureContext, GiveUp, RecoveryPolicy, Reregister, Retry, hookimpl

__all__ = ["FixedOptions", "ManualOptions", "ReregisterOptions", "fixed", "manual", "reregister"]


class Limited(BaseModel, extra="forbid"):
    """How often is too often.

    Attributes:
        max_attempts: Attempts within the window after which the service is left alone until somebody asks for it; None
            for never.
        window: Length of the window, in seconds.
    """

    max_attempts: int | None = Field(default=None, ge=1, le=100)
    window: float = Field(default=600.0, gt=0, allow_inf_nan=False)

    def spent(self, incident: FailureContext) -> GiveUp | None:
        """Return why the service is left alone, if it is."""
        made = incident.attempts_within(self.window)
        if self.max_attempts is None or made < self.max_attempts:
            return None
        return GiveUp(why=f"{made} attempts within {self.window:g} s did not help")


class FixedOptions(Limited):
    """Options of `fixed`.

    Attributes:
        delay: Seconds before each attempt.
        max_attempts: Attempts within the window after which the service is left alone until somebody asks for it; None
            for never.
        window: Length of the window, in seconds.
    """

    delay: float = Field(default=5.0, gt=0, allow_inf_nan=False)


class ReregisterOptions(Limited):
    """Options of `reregister`.

    Attributes:
        delay: Seconds before each attempt; None for the built-in timing.
        every: Every how many-th attempt of a round makes the service anew; the others only open it again.
        max_attempts: Attempts within the window after which the service is left alone until somebody asks for it; None
            for never.
        window: Length of the window, in seconds.
    """

    delay: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    every: int = Field(default=1, ge=1)


class ManualOptions(BaseModel, extra="forbid"):
    """Options of `manual`: there are none."""


def fixed(incident: FailureContext, options: FixedOptions) -> Retry | GiveUp:
    """Wait as long as was asked for, each time."""
    return options.spent(incident) or Retry(after=options.delay)


def reregister(incident: FailureContext, options: ReregisterOptions) -> Retry | Reregister | GiveUp:
    """Make the service anew from its stored entry; before each further round, and every so many attempts within one."""
    if (enough := options.spent(incident)) is not None:
        return enough
    after = incident.delay if options.delay is None else options.delay
    is_due = bool(incident.reason) or (incident.attempt + 1) % options.every == 0
    return Reregister(after=after) if is_due else Retry(after=after)


def manual(incident: FailureContext, options: ManualOptions) -> GiveUp:  # noqa: ARG001 - every policy is asked alike
    """Leave the service alone: somebody wants to look first."""
    return GiveUp(why="its recovery policy is 'manual'")


@hookimpl
def mcpstore_recovery_policies() -> list[RecoveryPolicy[Any]]:
    """Offer the policies."""
    return [
        RecoveryPolicy(name="fixed", config=FixedOptions, decide=fixed),
        RecoveryPolicy(name="reregister", config=ReregisterOptions, decide=reregister),
        RecoveryPolicy(name="manual", config=ManualOptions, decide=manual),
    ]
