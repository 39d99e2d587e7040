"""What notices and decisions are about."""

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
    """One edge of the lifecycle: a service changed its connection state.

    Attributes:
        id: `<start>-<n>`: the start of the manager (the time of its first edge, as a POSIX timestamp in ms) and the
            running number of the edge, over all services. The history has the same ids.
        service: Name of the service.
        old: The connection state it left.
        new: The connection state it entered.
        run_status: Its run status now.
        metadata: How it came to it.
        monotonic: When, on the manager's monotonic clock, in seconds.
        timestamp: When (local time, without zone).
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
    """A tool call about to be made.

    Attributes:
        service: The service that would be called.
        tool: The tool's own name.
        arguments: Its arguments.
        agent: The agent on whose behalf it is made, if any.
    """

    service: str
    tool: str
    arguments: Mapping[str, Any]
    agent: str | None = None


@attrs.frozen(kw_only=True)
class Refusal:
    """A call that must not be made.

    Attributes:
        why: Told to the caller.
    """

    why: str


@attrs.frozen(kw_only=True)
class ToolCall(Record):
    """A tool call that was made.

    Attributes:
        service: The service called.
        tool: The tool's own name.
        duration: How long it took, in seconds.
        ok: Whether it ended well; a result that reports failure does not.
        error: What went wrong, in words.
        agent: The agent on whose behalf it was made, if any.
        timestamp: When it ended, as a POSIX timestamp in seconds.
    """

    service: str
    tool: str
    duration: float
    ok: bool
    error: str | None = None
    agent: str | None = None
    timestamp: float = 0.0
