"""Recovery policy `template`: longer waits, and a limit of failed rounds."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, Field

from mcpstore.hooks import FailureContext, GiveUp, RecoveryPolicy, Retry, hookimpl

__all__ = ["Options", "decide"]

mcpstore_api = ">=1.0,<2"


class Options(BaseModel, extra="forbid"):
    """Options of the policy.

    Attributes:
        factor: Factor of the built-in waits.
        max_rounds: Failed rounds after which the service is not opened again until it is restarted; None for no limit.
    """

    factor: float = Field(default=2.0, ge=1.0, le=100.0)
    max_rounds: int | None = Field(default=None, ge=1)


def decide(incident: FailureContext, options: Options) -> Retry | GiveUp:
    """Decide when a service is opened again; must return at once.

    Args:
        incident: The failure.
        options: Options of the policy.
    """
    if options.max_rounds is not None and incident.rounds >= options.max_rounds:
        return GiveUp(why=f"{incident.rounds} rounds of attempts failed")
    return Retry(after=incident.delay * options.factor)


@hookimpl
def mcpstore_recovery_policies() -> Iterable[RecoveryPolicy[Options]]:
    """Return the policy."""
    yield RecoveryPolicy(name="template", config=Options, decide=decide)
