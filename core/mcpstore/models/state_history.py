"""How a service fared over time: the edges of its lifecycle, and the intervals between them."""

from __future__ import annotations

import attrs

from mcpstore.models.record import Record
from mcpstore.models.service import ServiceConnectionState

__all__ = ["StateEdge", "StateInterval"]


@attrs.frozen(kw_only=True)
class StateEdge(Record):
    """A moment at which a service entered a state, began or ceased to be wanted, or failed to restart as it was asked.

    Attributes:
        service_name: Name of the service.
        timestamp: When, as a POSIX timestamp in seconds.
        monotonic: When, on the manager's monotonic clock, in seconds; only edges of one manager compare.
        state: Its connection state from then on.
        wanted: Whether it is wanted from then on.
        reason: Why it is disconnected; "operator" also while it is opened again because somebody asked; else empty.
        error: What had gone wrong last, if anything had.
        begins: Whether it is the first edge that this manager saw, so that nothing is known of the time before it.
        id: `<start>-<n>`; see `StateChange.id`. Empty if a version without ids recorded it.
    """

    service_name: str
    timestamp: float
    monotonic: float
    state: ServiceConnectionState
    wanted: bool
    reason: str = ""
    error: str | None = None
    begins: bool = False
    id: str = ""


@attrs.frozen(kw_only=True)
class StateInterval(Record):
    """A stretch of time in which a service was in one state. Intervals follow each other without a gap.

    Attributes:
        service_name: Name of the service.
        state: Its connection state; UNKNOWN while no manager looked after it.
        since: When it began, as a POSIX timestamp in seconds.
        until: When it ended, as a POSIX timestamp in seconds; for the one that lasts, the time asked about.
        duration: How long it lasted, in seconds.
        lasts: Whether it goes on.
        wanted: Whether the service was wanted.
        watched: Whether a manager looked after it.
        reason: Why it was disconnected; "operator" also while it was opened again because somebody asked; else empty.
        error: What had gone wrong last when it began, if anything had.
    """

    service_name: str
    state: ServiceConnectionState
    since: float
    until: float
    duration: float
    lasts: bool = False
    wanted: bool = False
    watched: bool = True
    reason: str = ""
    error: str | None = None
