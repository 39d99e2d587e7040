"""From health to lifecycle: what a health result means to the machine, and which changes of state there are.

The machine decides by its table (see `lifecycle`); here stands what people ask about it without taking a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Act, Context, Desired, Limits
from mcpstore.core.events import Completion, Undecided
from mcpstore.core.lifecycle import step
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState

__all__ = ["AUTOMATIC_EDGES", "OPERATOR_EDGES", "HealthResult", "edges_from", "health_event", "state_after"]

DISCONNECTED: Final = ServiceConnectionState.DISCONNECTED
HEALTHY: Final = ServiceConnectionState.HEALTHY
INITIALIZING: Final = ServiceConnectionState.INITIALIZING
RECONNECTING: Final = ServiceConnectionState.RECONNECTING
UNHEALTHY: Final = ServiceConnectionState.UNHEALTHY
UNKNOWN: Final = ServiceConnectionState.UNKNOWN
WARNING: Final = ServiceConnectionState.WARNING

Edges = Mapping[ServiceConnectionState, frozenset[ServiceConnectionState]]


class HealthResult(StrEnum):
    """What a health check may find."""

    HEALTHY = "healthy"
    """It answered, and in time."""
    WARNING = "warning"
    """It answered, but slowly."""
    SLOW = "slow"
    """Another word for the same."""
    UNHEALTHY = "unhealthy"
    """It answered wrongly, or refused."""
    TIMEOUT = "timeout"
    """It did not answer."""
    UNKNOWN = "unknown"
    """The check says nothing about the service."""


AUTOMATIC_EDGES: Final[Edges] = {
    INITIALIZING: frozenset({HEALTHY, RECONNECTING}),
    HEALTHY: frozenset({WARNING, UNHEALTHY, UNKNOWN}),
    WARNING: frozenset({HEALTHY, UNHEALTHY, UNKNOWN}),
    UNHEALTHY: frozenset({HEALTHY, WARNING, RECONNECTING, UNKNOWN}),
    UNKNOWN: frozenset({HEALTHY, WARNING, UNHEALTHY}),
    RECONNECTING: frozenset({HEALTHY, DISCONNECTED}),
    DISCONNECTED: frozenset({RECONNECTING}),
}
"""The changes nobody asks for. Whoever loses its connection passes through UNHEALTHY and RECONNECTING."""

OPERATOR_EDGES: Final[Edges] = {
    INITIALIZING: frozenset({DISCONNECTED}),
    HEALTHY: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    WARNING: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    UNHEALTHY: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    UNKNOWN: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    RECONNECTING: frozenset({DISCONNECTED, INITIALIZING}),
    DISCONNECTED: frozenset({INITIALIZING, RECONNECTING}),
}
"""The changes a person may ask for."""


def edges_from(state: ServiceConnectionState) -> frozenset[ServiceConnectionState]:
    """Return the states that may follow a state at once."""
    return AUTOMATIC_EDGES[state] | OPERATOR_EDGES[state]


def health_event(result: HealthResult, epoch: int) -> Completion:
    """Return the event that tells the machine of a health result.

    Args:
        result: What was found.
        epoch: Number of the connection that was looked at.
    """
    match result:
        case HealthResult.HEALTHY:
            return ev.CheckOk(epoch=epoch)
        case HealthResult.WARNING | HealthResult.SLOW:
            return ev.CheckSlow(epoch=epoch)
        case HealthResult.UNHEALTHY:
            return ev.CheckFail(epoch=epoch)
        case HealthResult.TIMEOUT:
            return ev.CheckTimeout(epoch=epoch)
        case _:
            return ev.CheckUndecidable(epoch=epoch, cause=Undecided.LOCAL)


def state_after(
    state: ServiceConnectionState, result: HealthResult, *, failures: int = 0, successes: int = 0
) -> ServiceConnectionState:
    """Return the state in which a health result leaves a service; a state without a connection stays what it is.

    Args:
        state: The state in which it was looked at.
        result: What was found.
        failures: Checks in a row that failed before.
        successes: Checks in a row that were answered in time before, while in WARNING.
    """
    if state not in LIVE_STATES:
        return state
    limits = Limits()
    looked_at = Context(
        desired=Desired.RUN,
        connection=state,
        activity=Act.CHECK,
        live=True,
        epoch=1,
        stable=True,
        fails=failures,
        good_checks=successes,
    )
    return step(looked_at, health_event(result, 1), limits)[0].connection
