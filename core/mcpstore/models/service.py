"""Services: connection states, run statuses, specifications, and the records that describe them to users."""

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
    """Connection state of a service."""

    INITIALIZING = "initializing"
    """The service is opened for the first time, and its tools are listed."""
    HEALTHY = "healthy"
    """The service answers in time."""
    WARNING = "warning"
    """The service answers slowly; its tools can be called."""
    UNHEALTHY = "unhealthy"
    """A check failed; the connection is kept and checked again soon."""
    RECONNECTING = "reconnecting"
    """The connection is lost and is being opened again."""
    DISCONNECTED = "disconnected"
    """The service is stopped, or in the cool-down between two rounds of attempts; see the reason."""
    UNKNOWN = "unknown"
    """The last check was inconclusive, for example because of a fault of this host."""
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
"""States with a connection; tools can be called in these states only."""


class ServiceStatus(StrEnum):
    """Run status of a service, derived from the requested state, the connection state and the action in flight."""

    NOT_STARTED = "not_started"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ERROR = "error"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Cause of `DISCONNECTED`; `NONE` in every other state."""

    NONE = ""
    NEW = "new"
    """The service was never started."""
    OPERATOR = "operator"
    """An operator stopped or removed the service."""
    EXHAUSTED = "exhausted"
    """A round of attempts failed, or the recovery policy gave up."""
    INTENSITY = "intensity"
    """The connection was lost too often within the restart window."""
    PERMANENT = "permanent"
    """The last attempt failed permanently; another attempt fails until the cause is removed."""

    @property
    def is_automatic(self) -> bool:
        """Whether the manager disconnected the service, not an operator."""
        return self in (Reason.EXHAUSTED, Reason.INTENSITY, Reason.PERMANENT)


class RestartOption(StrEnum):
    """Whether a service that ended by itself is opened again."""

    ALWAYS = "always"
    """After every end."""
    ON_FAILURE = "on-failure"
    """After every end except exit code 0."""
    NEVER = "never"
    """After no end."""


class ToolPinning(StrEnum):
    """Reaction to a tool that has changed since it was first seen or approved, or that is new."""

    OFF = "off"
    """No reaction."""
    WARN = "warn"
    """An alert."""
    BLOCK = "block"
    """An alert, and the tool cannot be called until it is approved."""


@attrs.frozen
class Choice:
    """Choice of an offer of a plugin, with its options.

    Attributes:
        name: Name of the strategy, policy or backend.
        options: Options, validated by its configuration model.
    """

    name: str
    options: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class ServiceSpec:
    """Specification of a service: its configuration entry, independent of the dialect.

    Attributes:
        name: Name of the service, unique in its store.
        transport: Name of the transport.
        settings: Settings of the transport, with variables not expanded. They can contain secrets, so the repr omits
            them.
        enabled: Whether the service should run.
        depends_on: Names of the services that are opened before this one.
        agents: Agents to which the service is assigned.
        health: Health strategy.
        recovery: Recovery policy.
        restart: Whether the service is opened again after it ended by itself.
        tool_pinning: Reaction to changed tools.
        timeouts: Timeouts.
        description: Description from the configuration.
        entry: Entry as it is in the configuration.
        dialect: Dialect of the entry.
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
        """Whether both have the same connection settings, so that a change from one to the other needs no restart."""
        return self.transport == other.transport and self.settings == other.settings


@attrs.frozen(kw_only=True)
class StateMetadata(Record):
    """Failures, times and cause that led to the state of a service.

    Attributes:
        consecutive_failures: Number of failed checks in a row.
        reconnect_attempts: Number of failed attempts to open the service in this round.
        state_entered_time: Time at which the service entered its state (local time, without zone).
        last_success_time: Time of the last successful opening or check (local time, without zone).
        last_failure_time: Time of the last failure (local time, without zone).
        response_time: Duration of the last answered check, in ms.
        error_message: Message of the last error.
        next_retry_time: Time of the next automatic attempt (local time, without zone); None if there will be none.
        reason: Cause of DISCONNECTED.
        edge_id: Id of the last state change, as in `StateChange.id`; empty before the first one.
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
    """Summary of a service, as lists show it.

    Attributes:
        name: Name of the service.
        status: Run status in the results of a store, connection state in those of a context.
        run_status: Run status.
        connection_state: Connection state.
        transport: Name of the transport.
        url: URL of a remote service, without credentials; None for a local service.
        command: Command of a local service; None for a remote service.
        args: Arguments of the command.
        tool_count: Number of tools that the service offers.
        enabled: Whether the service should run.
        description: Description from the configuration.
        depends_on: Names of the services that are opened before this one.
        error: Message of the last error; None if the service works.
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
    """All details of a service.

    Attributes:
        config: Entry as it is in the configuration, in a form that `add_service` accepts. It can contain secrets.
        tools: Tools of the service.
        uptime: Seconds since the connection was opened; 0 without a connection.
        last_verified_age: Seconds since the state was last verified by an opening or a conclusive check; None without a
            connection.
        active_connections: Number of open connections: 0 or 1.
        state_metadata: Failures, times and cause that led to the state.
        pid: Process id of a local service; None without a process.
        protocol_version: Negotiated protocol version.
        server_name: Name of the server, as the server gives it.
        server_version: Version of the server, as the server gives it.
        containment: Mechanism that holds the processes of a local service together: `cgroup`; `subreaper` (orphans
            become children of the manager and are found by the owner tag in their environment); `marker` (processes are
            found by that tag only); `group` (process group).
        buffers: Use and bounds of the buffers of the service.
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
        """Return the record as a JSON object in which secrets are masked."""
        from mcpstore.models.redaction import masked  # noqa: PLC0415 - seldom needed

        return {**Record.to_dict(self), "config": masked(self.config)}
