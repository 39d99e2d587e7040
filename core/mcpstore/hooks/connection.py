"""Connection to a service, and the client's end of it.

This is the interface between the manager and the transports. It works on requests, not on bytes: results are plain JSON
objects and are validated once, where a typed result is needed. `mcpstore.wire` builds connections from byte streams and
from FastMCP transports, so a transport plugin seldom implements `Connection` itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable

import attrs

from mcpstore.hooks.orphans import OwnershipRecord

__all__ = [
    "ClientEndpoint",
    "Closing",
    "Connection",
    "Era",
    "Exit",
    "ProgressFn",
    "ServerInfo",
]

ProgressFn = Callable[[float, float | None, str | None], None]
"""Called with (progress, total, message) for each progress report of a request."""

MAX_FRAME: Final = 8 * 1024 * 1024
"""Default of the size at which a message is refused, in bytes."""


class Era(StrEnum):
    """Generation of the MCP protocol."""

    LEGACY = "legacy"
    """Versions up to 2025-11-25: `initialize`, sessions, ping."""
    MODERN = "modern"
    """Versions from 2026-07-28: `server/discover`, stateless requests that carry the client's identity."""


@attrs.frozen(kw_only=True)
class ServerInfo:
    """Description of a server, as the server sent it in the handshake.

    Attributes:
        name: Name of the server; may be empty.
        version: Version of the server; may be empty.
        capabilities: Capabilities of the server, in MCP's form.
        instructions: Instructions for models that use the server; may be empty.
    """

    name: str = ""
    version: str = ""
    capabilities: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    instructions: str = ""


@attrs.frozen(kw_only=True)
class Exit:
    """End of a connection.

    Attributes:
        reason: Cause in words: "exited with code 1", "killed by SIGKILL", "session lost".
        code: Exit code of the process; None if there was no process or a signal ended it.
        signal: Name of the signal that ended the process; None if no signal did.
        stderr: Last lines that the process wrote to stderr, oldest first.
    """

    reason: str
    code: int | None = None
    signal: str | None = None
    stderr: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the reason and the last line of stderr; after SIGKILL, SIGTERM or SIGINT, the reason only."""
        if not self.stderr or self.signal in ("SIGKILL", "SIGTERM", "SIGINT"):
            return self.reason
        return f"{self.reason}: {self.stderr[-1]}"


@attrs.define(kw_only=True)
class Closing:
    """Time limits of the steps of a close.

    Attributes:
        polite: Seconds the server has to exit after the end of its input.
        term: Seconds a process has to exit after SIGTERM.
        kill: Seconds to wait for the end of a process after SIGKILL.
        forced: Set to force the close: the step before SIGKILL is skipped or cut short.
    """

    polite: float = 2.0
    term: float = 3.0
    kill: float = 2.0
    forced: asyncio.Event = attrs.field(factory=asyncio.Event)


def _ignore(*_: Any) -> None:
    pass


@attrs.frozen(kw_only=True)
class ClientEndpoint:
    """Client's end of a connection: identity of the client, receivers of what arrives, and limits.

    Attributes:
        service: Name of the service, for messages.
        name: Name of the client, sent in the handshake.
        version: Version of the client, sent in the handshake.
        capabilities: Capabilities of the client, in MCP's form.
        on_notification: Called with (method, params) for each notification; must return at once.
        on_request: Called with (method, params) for each request of the server; returns the result or raises
            `ServiceError`. None declines every request except ping.
        on_stderr: Called with each line that a local process writes to stderr, without the line end.
        on_secret: Called with each secret that the connection obtains by itself, such as the token of a login; the
            secret is then redacted everywhere.
        era: Protocol generation of the last connection to this service; tried first. None if unknown.
        owner_tag: Identity of this connection. Local processes carry it in their environment, so that the manager can
            find the processes of a connection.
        record_ownership: Records what the connection starts on this machine, before and after the start, so that it can
            be ended if the manager is killed. May be called in any thread; blocks briefly.
        connect_timeout: Seconds the opening of the channel may take.
        handshake_timeout: Seconds the handshake may take.
        closing: Time limits of the steps of a close.
        max_frame: Size at which a message is refused, in bytes.
    """

    service: str = "service"
    name: str = "mcpstore"
    version: str = "0"
    capabilities: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    on_notification: Callable[[str, Mapping[str, Any]], None] = _ignore
    on_request: Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]] | None = None
    on_stderr: Callable[[str], None] = _ignore
    on_secret: Callable[[str], None] = _ignore
    era: Era | None = None
    owner_tag: str = ""
    record_ownership: Callable[[OwnershipRecord], None] = _ignore
    connect_timeout: float = 5.0
    handshake_timeout: float = 30.0
    closing: Closing = attrs.field(factory=Closing)
    max_frame: int = MAX_FRAME


@runtime_checkable
class Connection(Protocol):
    """Open connection to a service. The context manager of a transport yields it after the handshake.

    Optional attributes: `pid`, the id of the local process; `containment`, the name of the mechanism that holds the
    processes of the service together; `buffers`, the use and the bounds of the connection's buffers
    (`mcpstore.models.buffer.Buffer`).
    """

    @property
    def protocol_version(self) -> str:
        """The negotiated protocol version, such as "2025-11-25"."""
        ...

    @property
    def server(self) -> ServerInfo:
        """Description of the server."""
        ...

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - at the timeout the request is cancelled at the server
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the raw result object.

        Args:
            method: MCP method.
            params: Parameters of the method.
            timeout: Seconds without a result and without progress after which the request is cancelled; None for no
                limit.
            on_progress: Called with each progress report.

        Raises:
            ServiceError: The server answered with an error.
            CallTimeout: The timeout expired; the server was asked to cancel the request.
            ConnectionLost: The connection ended before the result; whether the request took effect is unknown.
        """
        ...

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification."""
        ...

    async def wait_closed(self) -> Exit:
        """Wait for the end of the connection and return its cause; must return even if no request is in progress."""
        ...
