"""Recovery policy `backoff`, the default: 1, 2, 4 … 60 s within a round, rests of 1 to 5 minutes between rounds."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mcpstore.hooks import FailureContext, GiveUp, RecoveryPolicy, Retry, hookimpl

__all__ = ["BackoffOptions", "decide"]


class BackoffOptions(BaseModel, extra="forbid"):
    """Options of `backoff`.

    Attributes:
        stretch: Every wait is multiplied by this; waits can be longer than usual, never shorter.
        max_rounds: Failed rounds after which the service is left alone until somebody asks for it; None for never.
        max_attempts: Attempts within the window after which it is left alone, likewise; None for never.
        window: Length of the window, in seconds.
    """

    stretch: float = Field(default=1.0, ge=1.0)
    max_rounds: int | None = Field(default=None, ge=1)
    max_attempts: int | None = Field(default=None, ge=1, le=100)
    window: float = Field(default=600.0, gt=0, allow_inf_nan=False)


def decide(incident: FailureContext, options: BackoffOptions) -> Retry | GiveUp:
    """Wait as long as the built-in timing says, stretched; give up after too much of it, if that is wanted."""
    if options.max_rounds is not None and incident.rounds >= options.max_rounds:
        return GiveUp(why=f"{incident.rounds} rounds of attempts failed")
    made = incident.attempts_within(options.window)
    if options.max_attempts is not None and made >= options.max_attempts:
        return GiveUp(why=f"{made} attempts within {options.window:g} s did not help")
    return Retry(after=incident.delay * options.stretch)


@hookimpl
def mcpstore_recovery_policies() -> list[RecoveryPolicy[BackoffOptions]]:
    """Offer the policy."""
    return [RecoveryPolicy(name="backoff", config=BackoffOptions, decide=decide)]
