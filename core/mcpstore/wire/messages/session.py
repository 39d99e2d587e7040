"""Session: a channel and its engine, opened and closed in a task of their own.

The contexts of the SDK must be left by the task that entered them, and a session may be replaced during a request. So
each session has a task, which is not the task of a caller.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from mcpstore.errors import CloseFailed, ConnectError, ConnectTimeout, NotReady, ServiceError
from mcpstore.hooks.connection import ClientEndpoint, Era, Exit
from mcpstore.wire.exception_tree import leaves
from mcpstore.wire.handshake import DISCOVER, INITIALIZE
from mcpstore.wire.message import error_text
from mcpstore.wire.messages.channel import Channel, OpenChannel
from mcpstore.wire.messages.engine import MessageEngine
from mcpstore.wire.messages.failure import HttpFailure
from mcpstore.wire.messages.send_queue import SendQueue
from mcpstore.wire.protocol import INTERNAL_ERROR, LISTENABLE

__all__ = ["MessageSession", "SessionLost"]

_MARGIN: Final = 0.25

_logger: Final = logging.getLogger("mcpstore.wire")


class SessionLost(ServiceError):
    """The server does not know the session any more, and has not executed the request."""


class _Refused(ServiceError):
    """HTTP failure of the handshake that may be the answer of a server of the other era."""

    def __init__(self, failure: HttpFailure) -> None:
        super().__init__(INTERNAL_ERROR, str(failure))
        self.failure: Final = failure


class MessageSession:
    """One session.

    Args:
        open_channel: Opens the channel.
        peer: Client side of the connection.
        era_first: Era that is tried first.
        on_lost: Called when the server does not know the session any more and no request reports that.

    Attributes:
        engine: Engine of the session; usable once the session is open.
    """

    def __init__(
        self, open_channel: OpenChannel, peer: ClientEndpoint, era_first: Era, on_lost: Callable[[MessageSession], None]
    ) -> None:
        self._open_channel: Final = open_channel
        self._peer: Final = peer
        self._on_lost: Final = on_lost
        self._outbox: Final = SendQueue(self, self._failed)
        self.engine: Final = MessageEngine(peer, self._outbox, era_first=era_first)
        self._stop: Final = asyncio.Event()
        self._ready: Final[asyncio.Future[None]] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._under_way = 0
        self._is_retired = False

    @property
    def is_over(self) -> bool:
        """Whether the session and its channel are closed."""
        return self._task is not None and self._task.done()

    async def open(self) -> None:
        """Open the channel and do the handshake; on failure everything is closed.

        Raises:
            ConnectError: The session cannot be opened.
        """
        self._task = asyncio.create_task(self._run(), name=f"mcpstore-link-{self._peer.service}")
        try:
            await asyncio.shield(self._ready)
        except BaseException:
            await self.close()
            raise

    async def request(self, method: str, params: Mapping[str, Any] | None, **options: Any) -> dict[str, Any]:
        """Send a request through the engine."""
        self._under_way += 1
        try:
            return await self.engine.request(method, params, **options)
        finally:
            self._under_way -= 1
            self._stop_if_idle()

    def retire(self) -> None:
        """Close the session as soon as no request is in flight, because another session replaces it."""
        self._is_retired = True
        self._stop_if_idle()

    async def close(self) -> None:
        """Close the session and the channel.

        Raises:
            CloseFailed: The channel could not be closed.
        """
        self.engine.end(Exit(reason="closed by this side"))
        self._stop.set()
        if self._task is not None:
            if not self._ready.done():  # a session that is not open yet needs no polite close
                self._task.cancel()
            await self._finish(self._task)

    async def _finish(self, task: asyncio.Task[None]) -> None:
        closing = self._peer.closing
        forced = asyncio.ensure_future(closing.forced.wait())
        try:
            await asyncio.wait({task, forced}, timeout=closing.polite, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when the caller is cancelled: then the close is forced
            forced.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=closing.kill)
        if not task.done():
            raise CloseFailed(
                f"service {self._peer.service!r} is not closed: its channel did not end within {closing.kill:g} s",
                (),
                self.close,
            )

    def _stop_if_idle(self) -> None:
        if self._is_retired and not self._under_way:
            self._stop.set()

    async def _run(self) -> None:
        patience = self._peer.handshake_timeout
        # The engine has the same timeout and a better error, so it comes first.
        deadline = asyncio.timeout(patience + _MARGIN)
        try:
            async with deadline, self._open_channel() as channel, self._transferring(channel):
                await self.engine.open()
                deadline.reschedule(None)
                self._ready.set_result(None)
                await self._stop.wait()
        except Exception as error:
            if self._ready.done():
                self.engine.end(Exit(reason=error_text(leaves(error)[0])))
                # Errors of closing a channel are either reported already, or without consequence.
                _logger.debug("channel of service %r failed while it was closed", self._peer.service, exc_info=error)
            elif deadline.expired():
                text = f"service {self._peer.service!r} could not be opened within {patience:g} s"
                self._ready.set_exception(ConnectTimeout(text))
            else:
                self._ready.set_exception(_as_connect_error(error, self._peer.service))
        finally:
            self.engine.end(Exit(reason="closed by this side"))
            self._ready.cancel()  # effective only if the task was cancelled before the session was open

    @asynccontextmanager
    async def _transferring(self, channel: Channel) -> AsyncGenerator[None]:
        tasks = [asyncio.create_task(self._receive(channel)), asyncio.create_task(self._send(channel))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _receive(self, channel: Channel) -> None:
        try:
            reason = await channel.receive_into(self)
        except Exception as error:  # noqa: BLE001 - any exception of the channel ends the session
            reason = f"cannot be read from: {error_text(error)}"
        self.engine.end(Exit(reason=reason))

    async def _send(self, channel: Channel) -> None:
        try:
            await self._outbox.send_into(channel)
        except Exception as error:  # noqa: BLE001 - any exception of the channel ends the session
            self.engine.end(Exit(reason=f"cannot be written to: {error_text(error)}"))

    def take(self, message: dict[str, Any]) -> None:
        """Process a message from the channel."""
        if "method" not in message:
            self._outbox.answered(message.get("id"))
        self.engine.take(message)

    def feed(self, data: bytes) -> None:
        """Process a line from the channel that is not a message."""
        self.engine.feed(data)

    def lost_session(self) -> None:
        """Report that the server does not know the session any more."""
        self._on_lost(self)

    def resumed(self) -> None:
        """Announce changes of all lists, because notifications may have been missed."""
        for capability, (_, event) in LISTENABLE.items():
            if capability in self.engine.server.capabilities:
                self.engine.announce(event)

    def _failed(self, number: int, method: str, reason: Exception) -> None:
        if isinstance(reason, HttpFailure):
            reason = _as_answer(method, reason)
        self.engine.fail(number, reason)


def _as_answer(method: str, failure: HttpFailure) -> Exception:
    """Return the error for the sender of a request."""
    if method in (INITIALIZE, DISCOVER):
        return _Refused(failure) if failure.may_be_an_answer else failure
    if failure.session_lost:
        return SessionLost(INTERNAL_ERROR, str(failure))
    return failure.in_call()


def _as_connect_error(error: Exception, service: str) -> ConnectError:
    """Return the error of opening the session."""
    errors = leaves(error)
    for cause in errors:
        if isinstance(cause, _Refused):
            return cause.failure.at_connect()
        if isinstance(cause.__cause__, _Refused):
            return cause.__cause__.failure.at_connect()
        if isinstance(cause, HttpFailure):
            return cause.at_connect()
        if isinstance(cause, ConnectError):
            return cause
    failed = NotReady(f"service {service!r} could not be opened: {error_text(errors[0])}")
    failed.__cause__ = error
    return failed
