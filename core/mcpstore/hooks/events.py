"""Arguments of notices and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from mcpstore.models.record import Record
from mcpstore.models.service import ServiceConnectionState, ServiceStatus, StateMetadata

__all__ = ["CallRequest", "Refusal", "StateChange", "ToolCall"]


@attrs.frozen(kw_only=True)
class StateChange(Record):
    """Change of the connection state of a service.

    Attributes:
        id: Identifier `<start>-<n>`: the time of the first state change of the manager, as a POSIX timestamp in ms, and
            the running number of the change over all services. The history uses the same ids.
        service: Name of the service.
        old: Connection state before the change.
        new: Connection state after the change.
        run_status: Run status after the change.
        metadata: Failures, times and cause that led to the new state.
        monotonic: Time of the change on the manager's monotonic clock, in seconds.
        timestamp: Time of the change (local time, without zone).
    """

    id: str = ""
    service: str
    old: ServiceConnectionState
    new: ServiceConnectionState
    run_status: ServiceStatus
    metadata: StateMetadata
    monotonic: float
    timestamp: datetime


@attrs.frozen(kw_only=True)
class CallRequest(Record):
    """Tool call that waits for authorization.

    Attributes:
        service: Name of the service.
        tool: Name of the tool, without the service.
        arguments: Arguments of the call.
        agent: Agent that makes the call; None if the store itself makes it.
    """

    service: str
    tool: str
    arguments: Mapping[str, Any]
    agent: str | None = None


@attrs.frozen(kw_only=True)
class Refusal:
    """Answer that forbids a tool call.

    Attributes:
        why: Reason, part of the error that the caller gets.
    """

    why: str


@attrs.frozen(kw_only=True)
class ToolCall(Record):
    """Completed tool call.

    Attributes:
        service: Name of the service.
        tool: Name of the tool, without the service.
        duration: Duration of the call, in seconds.
        ok: Whether the call succeeded; a result that reports an error is a failure.
        error: Error message; None if the call succeeded.
        agent: Agent that made the call; None if the store itself made it.
        timestamp: End of the call, as a POSIX timestamp in seconds.
    """

    service: str
    tool: str
    duration: float
    ok: bool
    error: str | None = None
    agent: str | None = None
    timestamp: float = 0.0
