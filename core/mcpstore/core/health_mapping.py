"""Mapping of health results to lifecycle events and states, and the possible state changes.

The machine itself decides by its table (see `lifecycle`). This module answers questions about it.
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

_Edges = Mapping[ServiceConnectionState, frozenset[ServiceConnectionState]]


class HealthResult(StrEnum):
    """Result of a health check."""

    HEALTHY = "healthy"
    """The service answered in time."""
    WARNING = "warning"
    """The service answered, but slowly."""
    SLOW = "slow"
    """Same meaning as `WARNING`."""
    UNHEALTHY = "unhealthy"
    """The service gave an invalid answer, or an error."""
    TIMEOUT = "timeout"
    """The service did not answer in time."""
    UNKNOWN = "unknown"
    """The check is inconclusive."""


AUTOMATIC_EDGES: Final[_Edges] = {
    INITIALIZING: frozenset({HEALTHY, RECONNECTING}),
    HEALTHY: frozenset({WARNING, UNHEALTHY, UNKNOWN}),
    WARNING: frozenset({HEALTHY, UNHEALTHY, UNKNOWN}),
    UNHEALTHY: frozenset({HEALTHY, WARNING, RECONNECTING, UNKNOWN}),
    UNKNOWN: frozenset({HEALTHY, WARNING, UNHEALTHY}),
    RECONNECTING: frozenset({HEALTHY, DISCONNECTED}),
    DISCONNECTED: frozenset({RECONNECTING}),
}
"""Automatic state changes. A service that loses its connection passes through UNHEALTHY and RECONNECTING."""

OPERATOR_EDGES: Final[_Edges] = {
    INITIALIZING: frozenset({DISCONNECTED}),
    HEALTHY: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    WARNING: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    UNHEALTHY: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    UNKNOWN: frozenset({DISCONNECTED, INITIALIZING, RECONNECTING}),
    RECONNECTING: frozenset({DISCONNECTED, INITIALIZING}),
    DISCONNECTED: frozenset({INITIALIZING, RECONNECTING}),
}
"""State changes that an operator can request."""


def edges_from(state: ServiceConnectionState) -> frozenset[ServiceConnectionState]:
    """Return the states that can directly follow a state."""
    return AUTOMATIC_EDGES[state] | OPERATOR_EDGES[state]


def health_event(result: HealthResult, epoch: int) -> Completion:
    """Return the lifecycle event for a health result.

    Args:
        result: Result of the check.
        epoch: Number of the checked connection.
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
    """Return the connection state after a health result; a state without a connection does not change.

    Args:
        state: State before the check.
        result: Result of the check.
        failures: Number of failed checks in a row before this one.
        successes: Number of timely answers in a row before this one, in WARNING.
    """
    if state not in LIVE_STATES:
        return state
    limits = Limits()
    ctx = Context(
        desired=Desired.RUN,
        connection=state,
        activity=Act.CHECK,
        live=True,
        epoch=1,
        stable=True,
        fails=failures,
        good_checks=successes,
    )
    return step(ctx, health_event(result, 1), limits)[0].connection
