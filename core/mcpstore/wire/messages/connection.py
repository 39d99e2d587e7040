"""Connection that replaces a lost session transparently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceError
from mcpstore.hooks.connection import ClientEndpoint, Era, Exit, ProgressFn, ServerInfo
from mcpstore.models.buffer import Buffer
from mcpstore.wire.message import error_text
from mcpstore.wire.messages.channel import OpenChannel
from mcpstore.wire.messages.session import MessageSession, SessionLost
from mcpstore.wire.protocol import INVALID_REQUEST

__all__ = ["RelayedConnection", "relayed"]


@asynccontextmanager
async def relayed(
    open_channel: OpenChannel, peer: ClientEndpoint, *, era_first: Era = Era.LEGACY
) -> AsyncGenerator[RelayedConnection]:
    """Open a connection over a channel, yield it after the handshake, and close both at the end.

    Args:
        open_channel: Opens the channel; called again when the server has lost the session.
        peer: Client side of the connection.
        era_first: Era that is tried first, unless `peer.era` is set.

    Raises:
        NotReady: The service is not ready yet.
        ConnectTimeout: The service did not answer in time.
        ConnectRefused: Another attempt would fail, too.
        CloseFailed: The channel could not be closed.
    """
    connection = RelayedConnection(open_channel, peer, era_first)
    try:
        await connection.open()
        yield connection
    finally:
        await connection.close()


class RelayedConnection:
    """Connection over a channel of messages; see `Connection`.

    A server that was restarted rejects requests of the old session (legacy HTTP only) without executing them. So a new
    session is opened and the request is sent once more. If the new session is lost, too, the connection ends.
    """

    def __init__(self, open_channel: OpenChannel, peer: ClientEndpoint, era_first: Era) -> None:
        self._open_channel: Final = open_channel
        self._peer: Final = peer
        self._era_first: Final = era_first
        self._link = MessageSession(open_channel, peer, era_first, self._on_lost)
        self._retired: list[MessageSession] = []
        self._renewal: asyncio.Task[None] | None = None
        self._closed: Final[asyncio.Future[Exit]] = asyncio.get_running_loop().create_future()

    @property
    def protocol_version(self) -> str:
        """Negotiated protocol version."""
        return self._link.engine.protocol_version

    @property
    def era(self) -> Era | None:
        """Negotiated era."""
        return self._link.engine.era

    @property
    def server(self) -> ServerInfo:
        """Name, version and capabilities of the server."""
        return self._link.engine.server

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """Fill levels and bounds of the buffers."""
        return self._link.engine.buffers

    async def open(self) -> None:
        """Open the first session."""
        await self._link.open()
        self._watch(self._link)

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the server is notified when it expires
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the raw result object; see `Connection.request`."""
        link = self._link
        try:
            return await link.request(method, params, timeout=timeout, on_progress=on_progress)
        except ServiceError as error:
            if not _is_loss(error, link):
                raise
        await self._renewed(link, method, timeout)
        try:
            return await self._link.request(method, params, timeout=timeout, on_progress=on_progress)
        except ServiceError as error:
            if not _is_loss(error, self._link):
                raise
            self._end("session lost: a new one was lost at once")
            raise ConnectionLost(
                f"service {self._peer.service!r} lost the session twice; {method!r} was not done"
            ) from None

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification."""
        await self._link.engine.notify(method, params)

    async def wait_closed(self) -> Exit:
        """Wait until the connection has ended, and return the reason."""
        return await asyncio.shield(self._closed)

    async def close(self) -> None:
        """Close all sessions.

        Raises:
            CloseFailed: A channel could not be closed.
        """
        self._end("closed by this side")
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait({self._renewal})
        links = [self._link, *self._retired]
        outcomes = await asyncio.gather(*(link.close() for link in links), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    # --- sessions --------------------------------------------------------------------------------------------

    def _watch(self, link: MessageSession) -> None:
        def over(exit: asyncio.Future[Exit]) -> None:  # noqa: A002 - name in the interface
            # A session that is being replaced may end; the connection ends only if the new one fails.
            if link is self._link and (self._renewal is None or self._renewal.done()):
                self._end(exit.result())

        link.engine.on_end(over)

    def _end(self, how: str | Exit) -> None:
        if not self._closed.done():
            self._closed.set_result(how if isinstance(how, Exit) else Exit(reason=how))

    def _on_lost(self, link: MessageSession) -> None:
        if link is self._link and not self._closed.done():
            self._start_renewal()

    def _start_renewal(self) -> asyncio.Task[None]:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew(), name=f"mcpstore-renewal-{self._peer.service}")
        return self._renewal

    async def _renewed(self, lost: MessageSession, method: str, patience: float | None) -> None:
        """Wait until a lost session has been replaced."""
        if lost is self._link:
            try:
                async with asyncio.timeout(patience):
                    await asyncio.shield(self._start_renewal())
            except TimeoutError:
                raise CallTimeout(
                    f"service {self._peer.service!r} lost the session and opened no new one within {patience:g} s; "
                    f"{method!r} was not done"
                ) from None
        if self._closed.done():
            raise ConnectionLost(
                f"service {self._peer.service!r} is gone: {self._closed.result()}; {method!r} was not done"
            )

    async def _renew(self) -> None:
        old = self._link
        known = attrs.evolve(self._peer, era=old.engine.era)
        new = MessageSession(self._open_channel, known, self._era_first, self._on_lost)
        try:
            await new.open()
        except Exception as error:  # noqa: BLE001 - any failure leaves no session
            self._end(f"session lost: {error_text(error)}")
            return
        self._link = new
        self._watch(new)
        self._retired = [link for link in (*self._retired, old) if not link.is_over]
        old.retire()
        new.resumed()


def _is_loss(error: ServiceError, link: MessageSession) -> bool:
    """Whether a request failed because the server does not know the session."""
    if isinstance(error, SessionLost):
        return True
    # Messages of the SDK's own transports, whose HTTP responses are not visible here.
    return (
        error.code == INVALID_REQUEST
        and link.engine.era is Era.LEGACY
        and error.message.lower() in ("session terminated", "session not found")
    )
