"""Recovery policy `backoff`, the default: waits of 1, 2, 4 … 60 s within a round, and 1 to 5 minutes between rounds."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mcpstore.hooks import FailureContext, GiveUp, RecoveryPolicy, Retry, hookimpl

__all__ = ["BackoffOptions", "decide"]


class BackoffOptions(BaseModel, extra="forbid"):
    """Options of `backoff`.

    Attributes:
        stretch: Factor of every wait; at least 1, so that waits are never shorter than the built-in ones.
        max_rounds: Failed rounds after which the service is not opened again until it is restarted; None for no limit.
        max_attempts: Attempts within the window after which it is not opened again until it is restarted; None for no
            limit.
        window: Length of the window, in seconds.
    """

    stretch: float = Field(default=1.0, ge=1.0)
    max_rounds: int | None = Field(default=None, ge=1)
    max_attempts: int | None = Field(default=None, ge=1, le=100)
    window: float = Field(default=600.0, gt=0, allow_inf_nan=False)


def decide(incident: FailureContext, options: BackoffOptions) -> Retry | GiveUp:
    """Open the service again after the built-in wait times `stretch`; give up at the limits of the options."""
    if options.max_rounds is not None and incident.rounds >= options.max_rounds:
        return GiveUp(why=f"{incident.rounds} rounds of attempts failed")
    attempts = incident.attempts_within(options.window)
    if options.max_attempts is not None and attempts >= options.max_attempts:
        return GiveUp(why=f"{attempts} attempts within {options.window:g} s failed")
    return Retry(after=incident.delay * options.stretch)


@hookimpl
def mcpstore_recovery_policies() -> list[RecoveryPolicy[BackoffOptions]]:
    """Return the policy."""
    return [RecoveryPolicy(name="backoff", config=BackoffOptions, decide=decide)]
