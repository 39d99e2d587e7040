"""What a service is: its states, its specification, and how it looks from outside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import attrs

from mcpstore.models.buffer import Buffer
from mcpstore.models.catalog import Tool
from mcpstore.models.record import NamedList, Record
from mcpstore.models.timing import Timeouts

__all__ = [
    "LIVE_STATES",
    "Choice",
    "Reason",
    "RestartOption",
    "ServiceConnectionState",
    "ServiceInfo",
    "ServiceSnapshot",
    "ServiceSpec",
    "ServiceStatus",
    "StateMetadata",
    "ToolPinning",
]


class ServiceConnectionState(StrEnum):
    """What the connection to a service is: one of seven states."""

    INITIALIZING = "initializing"
    """First connection and first listing of tools."""
    HEALTHY = "healthy"
    """Answers, and in time."""
    WARNING = "warning"
    """Answers, but slowly; tools can be called."""
    UNHEALTHY = "unhealthy"
    """Under suspicion: a check failed; the connection is kept and looked at again soon."""
    RECONNECTING = "reconnecting"
    """The connection is gone and is being opened again."""
    DISCONNECTED = "disconnected"
    """Stopped, or resting between rounds of attempts; the reason tells which."""
    UNKNOWN = "unknown"
    """The last check decided nothing, for example because this machine was in trouble itself."""
    UNREACHABLE = "disconnected"
    """Another name of `DISCONNECTED`."""


LIVE_STATES: Final = frozenset(
    {
        ServiceConnectionState.HEALTHY,
        ServiceConnectionState.WARNING,
        ServiceConnectionState.UNHEALTHY,
        ServiceConnectionState.UNKNOWN,
    }
)
"""The states that have a connection: exactly in these can tools be called."""


class ServiceStatus(StrEnum):
    """The run status of a service: derived from what is wanted and what is, never stored."""

    NOT_STARTED = "not_started"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ERROR = "error"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a service is `DISCONNECTED`; `NONE` in every other state."""

    NONE = ""
    NEW = "new"
    """Never started."""
    OPERATOR = "operator"
    """Somebody stopped or removed it."""
    EXHAUSTED = "exhausted"
    """A round of attempts failed, or its recovery policy gave up."""
    INTENSITY = "intensity"
    """It was lost too often in too short a time."""
    PERMANENT = "permanent"
    """Trying again changes nothing until somebody changes something."""

    @property
    def is_automatic(self) -> bool:
        """Whether the manager, not a person, came to this."""
        return self in (Reason.EXHAUSTED, Reason.INTENSITY, Reason.PERMANENT)


class RestartOption(StrEnum):
    """When a service that ended by itself is opened again."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    """Not after exit code 0."""
    NEVER = "never"


class ToolPinning(StrEnum):
    """What happens when a tool no longer is what it was when it was first seen, or approved."""

    OFF = "off"
    """Nothing."""
    WARN = "warn"
    """People are told."""
    BLOCK = "block"
    """People are told, and it cannot be called until somebody approves it."""


@attrs.frozen
class Choice:
    """A plugin's offer chosen by name, and the options it gets.

    Attributes:
        name: Name of the strategy, policy or backend.
        options: What its configuration model validates.
    """

    name: str
    options: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class ServiceSpec:
    """What a configuration entry means, whatever dialect it was written in.

    Attributes:
        name: Name of the service, unique in its store.
        transport: Name of the transport that opens it.
        settings: The transport's own configuration, variables not expanded. May hold secrets, so it has no repr.
        enabled: Whether it is to run.
        depends_on: Names of services that are opened before it.
        agents: The agents it was given to.
        health: The health strategy that checks it.
        recovery: The recovery policy that decides when it is opened again.
        restart: Whether it is opened again after it ended by itself.
        tool_pinning: What a changed tool definition leads to.
        timeouts: Its deadlines, in seconds.
        description: What a person wrote about it.
        entry: The entry as it stands in the configuration.
        dialect: The dialect the entry is written in.
    """

    name: str
    transport: str
    settings: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)
    enabled: bool = True
    depends_on: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    health: Choice = attrs.field(factory=lambda: Choice("ping"))
    recovery: Choice = attrs.field(factory=lambda: Choice("backoff"))
    restart: RestartOption = RestartOption.ALWAYS
    tool_pinning: ToolPinning = ToolPinning.WARN
    timeouts: Timeouts = attrs.field(factory=Timeouts)
    description: str = ""
    entry: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False, eq=False)
    dialect: str = attrs.field(default="mcpServers", eq=False)

    def connects_like(self, other: ServiceSpec) -> bool:
        """Whether both lead to the same connection, so that changing one into the other restarts nothing."""
        return self.transport == other.transport and self.settings == other.settings


@attrs.frozen(kw_only=True)
class StateMetadata(Record):
    """How a service came to its state.

    Attributes:
        consecutive_failures: Failed checks in a row.
        reconnect_attempts: Failed attempts to open it in this round.
        state_entered_time: When it entered its state (local time, without zone).
        last_success_time: When it last answered (local time, without zone).
        last_failure_time: When it last failed (local time, without zone).
        response_time: Duration of the last answered check, in ms.
        error_message: What went wrong last, in words a person can act on.
        next_retry_time: When it will be tried again by itself (local time, without zone).
        reason: Why it is disconnected.
        edge_id: Id of the edge by which it entered its state; empty before the first one. See `StateChange.id`.
    """

    consecutive_failures: int = 0
    reconnect_attempts: int = 0
    state_entered_time: datetime | None = None
    last_success_time: datetime | None = None
    last_failure_time: datetime | None = None
    response_time: float | None = None
    error_message: str | None = None
    next_retry_time: datetime | None = None
    reason: Reason = Reason.NONE
    edge_id: str = ""


@attrs.frozen(kw_only=True)
class ServiceSnapshot(Record):
    """A service as lists show it.

    Attributes:
        name: Its name.
        status: Run status when a store was asked, connection state when a context was asked.
        run_status: What it does for its users.
        connection_state: What its connection is.
        transport: Name of its transport.
        url: Address of a remote service, without credentials.
        command: Command of a local service.
        args: Arguments of the command.
        tool_count: Number of tools it offers.
        enabled: Whether it is wanted to run.
        description: What a person wrote about it.
        depends_on: Names of the services opened before it.
        error: What went wrong last, if it is not well.
    """

    name: str
    status: ServiceStatus | ServiceConnectionState
    run_status: ServiceStatus
    connection_state: ServiceConnectionState
    transport: str
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    tool_count: int = 0
    enabled: bool = True
    description: str = ""
    depends_on: tuple[str, ...] = ()
    error: str | None = None


_NO_TOOLS: Final = NamedList["Tool"]()


@attrs.frozen(kw_only=True)
class ServiceInfo(ServiceSnapshot):
    """A service in full.

    Attributes:
        config: Its entry as it stands in the configuration; `add_service` takes it back. May hold secrets.
        tools: The tools it offers.
        uptime: Seconds since its connection was opened; 0 without a connection.
        last_verified_age: Seconds since the last evidence of its state, an opening or a decided check; None without a
            connection.
        active_connections: Connections to it that are open now.
        state_metadata: How it came to its state.
        pid: Process id of a local service.
        protocol_version: Protocol version spoken with it.
        server_name: What the server calls itself.
        server_version: The version the server states.
        containment: What keeps the processes of a local service together: `cgroup`, `subreaper` (orphans are given to
            the manager, and found by the marker in their environment), `marker`, or `group`.
        buffers: What is kept for it, and how much of it may be.
    """

    config: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)
    tools: NamedList[Tool] = attrs.field(default=_NO_TOOLS)
    uptime: float = 0.0
    last_verified_age: float | None = None
    active_connections: int = 0
    state_metadata: StateMetadata = attrs.field(factory=StateMetadata)
    pid: int | None = None
    protocol_version: str | None = None
    server_name: str | None = None
    server_version: str | None = None
    containment: str | None = None
    buffers: tuple[Buffer, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the record JSON-ready and without the values of secrets."""
        from mcpstore.models.redaction import masked  # noqa: PLC0415 - only here, and seldom

        return {**Record.to_dict(self), "config": masked(self.config)}
