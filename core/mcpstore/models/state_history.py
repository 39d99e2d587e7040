"""History of the states of a service: state changes, and the intervals between them."""

from __future__ import annotations

import attrs

from mcpstore.models.record import Record
from mcpstore.models.service import ServiceConnectionState

__all__ = ["StateEdge", "StateInterval"]


@attrs.frozen(kw_only=True)
class StateEdge(Record):
    """Change in the history of a service: of its connection state, of its requested state, or a failed restart.

    Attributes:
        service_name: Name of the service.
        timestamp: Time of the change, as a POSIX timestamp in seconds.
        monotonic: Time of the change on the manager's monotonic clock, in seconds; comparable within one manager only.
        state: Connection state after the change.
        wanted: Whether the service should run after the change.
        reason: Cause of DISCONNECTED; "operator" also while the service is opened again at the operator's request; else
            empty.
        error: Message of the last error; None if there was none.
        begins: Whether this is the first change that the manager recorded, so that the time before is unknown.
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
    """Interval in which a service was in one state. The intervals of a service leave no gaps.

    Attributes:
        service_name: Name of the service.
        state: Connection state; UNKNOWN while no manager ran.
        since: Start, as a POSIX timestamp in seconds.
        until: End, as a POSIX timestamp in seconds; for an interval that has not ended, the end of the queried period.
        duration: Length, in seconds.
        lasts: Whether the interval has not ended.
        wanted: Whether the service should run.
        watched: Whether a manager ran.
        reason: Cause of DISCONNECTED; "operator" also while the service is opened again at the operator's request; else
            empty.
        error: Message of the last error at the start of the interval; None if there was none.
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
