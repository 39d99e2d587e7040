"""Recovery policy `backoff`, the default: 1, 2, 4 … 60 s within a round, rests of 1 to 5 minutes between rounds."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mcpstore.hooks import GiveUp, Incident, RecoveryPolicy, Retry, hookimpl

__all__ = ["BackoffOptions", "decide"]


class BackoffOptions(BaseModel, extra="forbid"):
    """Options of `backoff`.

    Attributes:
        stretch: Every wait is multiplied by this; waits can be longer than usual, never shorter.
        max_rounds: Failed rounds after which the service is left alone until somebody asks for it; None for never.
    """

    stretch: float = Field(default=1.0, ge=1.0)
    max_rounds: int | None = Field(default=None, ge=1)


def decide(incident: Incident, options: BackoffOptions) -> Retry | GiveUp:
    """Wait as long as the built-in timing says, stretched; give up after so many rounds, if that is wanted."""
    if options.max_rounds is not None and incident.rounds >= options.max_rounds:
        return GiveUp(why=f"{incident.rounds} rounds of attempts failed")
    return Retry(after=incident.delay * options.stretch)


@hookimpl
def mcpstore_recovery_policies() -> list[RecoveryPolicy[BackoffOptions]]:
    """Offer the policy."""
    return [RecoveryPolicy(name="backoff", config=BackoffOptions, decide=decide)]
