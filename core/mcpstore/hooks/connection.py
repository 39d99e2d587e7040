"""A connection to a service, and our side of it.

This is the seam between the manager and whatever carries MCP messages. It works on requests, not on bytes: results
travel as plain JSON objects and are validated once, where somebody asks for a typed one. `mcpstore.wire` makes
connections from byte streams and from FastMCP transports; a transport plugin seldom has to write one by hand.
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
"""Called with (progress, total, message) whenever the service reports progress of a request."""

MAX_FRAME: Final = 8 * 1024 * 1024


class Era(StrEnum):
    """The two families of MCP protocol versions."""

    LEGACY = "legacy"
    """Up to 2025-11-25: `initialize`, sessions, ping."""
    MODERN = "modern"
    """From 2026-07-28: `server/discover`, stateless requests that carry who asks."""


@attrs.frozen(kw_only=True)
class ServerInfo:
    """Who answers at the other end.

    Attributes:
        name: What the server calls itself; may be empty.
        version: The version it states; may be empty.
        capabilities: What it announced, as it sent it.
        instructions: What it wants models to know about it.
    """

    name: str = ""
    version: str = ""
    capabilities: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    instructions: str = ""


@attrs.frozen(kw_only=True)
class Exit:
    """How a connection ended.

    Attributes:
        reason: What happened, in words: "exited with code 1", "killed by SIGKILL", "session lost".
        code: Exit code of a process, if one ended by itself.
        signal: Name of the signal that ended a process, if one did.
        stderr: The last lines it wrote to stderr, oldest first.
    """

    reason: str
    code: int | None = None
    signal: str | None = None
    stderr: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the reason, with the last line of stderr, unless somebody killed the process in mid-sentence."""
        if not self.stderr or self.signal in ("SIGKILL", "SIGTERM", "SIGINT"):
            return self.reason
        return f"{self.reason}: {self.stderr[-1]}"


@attrs.define(kw_only=True)
class Closing:
    """How patient a close is, in seconds.

    Attributes:
        polite: Seconds a peer has to leave after its input ended.
        term: Seconds a process has to leave after SIGTERM.
        kill: Seconds a process may take to vanish after SIGKILL.
        forced: Set when somebody wants it over with: the polite steps are skipped or cut short.
    """

    polite: float = 2.0
    term: float = 3.0
    kill: float = 2.0
    forced: asyncio.Event = attrs.field(factory=asyncio.Event)


def _ignore(*_: Any) -> None:
    pass


@attrs.frozen(kw_only=True)
class ClientEndpoint:
    """Our side of the wire: what a transport is told about us, and where it delivers what arrives.

    Attributes:
        service: Name of the service, for messages.
        name: What we call ourselves.
        version: Our version.
        capabilities: What we can do for the server, as MCP spells it.
        on_notification: Called with (method, params) for each notification; must return at once.
        on_request: Called with (method, params) for each request of the server; returns the result or raises
            `ServiceError`. None declines every request but ping.
        on_stderr: Called with each line a local process writes to stderr, without its end of line.
        on_secret: Called with each secret the connection learns by itself, such as the token of a login; from then on
            it is shown nowhere.
        era: The era spoken with this service last time; tried first.
        owner_tag: Identity of this connection; a local process carries it in its environment, so that everything it
            leaves behind can be found.
        record_ownership: Records what the connection starts on this machine, before and after the start, so that it can
            be ended if the manager is killed. May be called in any thread; blocks briefly.
        connect_timeout: Seconds until the channel must be open.
        handshake_timeout: Seconds until the handshake must be over.
        closing: How patient a close is.
        max_frame: Longest message accepted, in bytes.
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
    """An open connection to a service. A transport's context manager yields one after the handshake.

    A connection to a local process may also have an attribute `pid`, and `containment`: what keeps the processes of the
    service together, in a word. One that keeps something for its peer may have `buffers`: how much of it there is, and
    how much there may be (`mcpstore.models.buffer.Buffer`).
    """

    @property
    def protocol_version(self) -> str:
        """The protocol version agreed on, such as "2025-11-25"."""
        ...

    @property
    def server(self) -> ServerInfo:
        """Who answers."""
        ...

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the server is told when it runs out
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the raw result object.

        Args:
            method: The MCP method.
            params: Its parameters.
            timeout: Seconds without a result and without progress until the server is told to stop. None waits.
            on_progress: Called with each progress report.

        Raises:
            ServiceError: The server answered with an error.
            CallTimeout: Time ran out.
            ConnectionLost: The connection ended first; whether the request took effect is unknown.
        """
        ...

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification."""
        ...

    async def wait_closed(self) -> Exit:
        """Wait until the peer is gone and tell how it went; resolves by itself, without a request under way."""
        ...
