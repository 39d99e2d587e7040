"""One connection, from opening to close, owned by one task."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any, Final

import attrs

from mcpstore._version import __version__
from mcpstore.core import events as ev
from mcpstore.core.events import Event, Failure
from mcpstore.errors import (
    CloseFailed,
    ConfigError,
    ConnectRefused,
    ConnectTimeout,
    MCPStoreError,
    NotReady,
    PluginError,
    ServiceBusy,
    ServiceError,
)
from mcpstore.hooks.connection import ClientEndpoint, Closing, Connection, Era, Exit
from mcpstore.hooks.transport import Transport
from mcpstore.models.catalog import Catalog
from mcpstore.models.json_types import as_object
from mcpstore.models.record import plain
from mcpstore.models.redaction import Redactor
from mcpstore.models.service import ServiceSpec
from mcpstore.models.text import one_line, sanitized
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.catalog_fetch import fetch_tools
from mcpstore.runtime.catalog_refresh import CatalogRefresher
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.validation import validated

__all__ = ["Session"]

_log = logging.getLogger("mcpstore.runtime")


class Session:
    """One connection: one task opens it, waits for its end, closes it, and reports each step.

    Args:
        spec: The service.
        epoch: Number of the connection.
        shared: Objects that all runners of the store share.
        report: Receives the events of this connection.
        on_admitted: Called with the time limit of the opening, in seconds, when admission control lets it begin.
        on_log: Receives each line that the server writes to stderr.
        on_catalog: Receives every catalog after the first one.
        before_closed: Awaited after the close, before it is reported; returns whether to give up.
        is_first: Whether this process has not opened the service before.
        reset_learned: Whether everything learned about the service is discarded.

    Attributes:
        connection: The connection; None before it is open and after it is closed.
        catalog: What the service offered at the last listing.
        error: The last error message.
        exit: How the connection ended; None unless it ended without a request.
        retry_after: Wait that the server requested when the opening failed, in seconds.
        busy_until: Time on the monotonic clock until which the server asked not to be checked.
        calls: Number of requests under way.
        memory: State of the health strategy.
        closing: Grace periods of the close.
        opened_at: Time on the monotonic clock at which it was open.
        redact: Replaces the secrets of the service in a text.
        marker: Tag that identifies the processes of the connection on this machine.
    """

    def __init__(
        self,
        spec: ServiceSpec,
        epoch: int,
        shared: RunnerServices,
        *,
        report: Callable[[Event], None],
        on_admitted: Callable[[float], None],
        on_log: Callable[[str], None],
        on_catalog: Callable[[Catalog], None],
        before_closed: Callable[[], Awaitable[bool]],
        is_first: bool,
        reset_learned: bool = False,
    ) -> None:
        self._spec: Final = spec
        self.epoch: Final = epoch
        self._shared: Final = shared
        self._report: Final = report
        self._on_admitted: Final = on_admitted
        self._on_log: Final = on_log
        self._before_closed: Final = before_closed
        self._is_first: Final = is_first
        self._reset_learned: Final = reset_learned
        timing = shared.timing
        self.closing: Closing = Closing(polite=timing.close_polite, term=timing.close_term, kill=timing.close_kill)
        self.connection: Connection | None = None
        self.catalog: Catalog = Catalog()
        self.error: str | None = None
        self.exit: Exit | None = None
        self.retry_after: float | None = None
        self.busy_until: float = float("-inf")
        self.calls = 0
        self.memory: dict[str, Any] = {}
        self.opened_at: float = 0.0
        self.redact: Redactor = Redactor()
        self.marker: Final = shared.traces.owner_tag(spec.name)
        self._refresher = CatalogRefresher(spec.name, shared, on_catalog)
        self._close_requested: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_opening = False
        self._gives_up = False
        self._task = asyncio.create_task(self._run(), name=f"mcpstore-session-{spec.name}")

    def close(self) -> None:
        """Request the close. A second request skips the grace periods; a third abandons the transport."""
        if self._task.done():  # it ended after the deadline of the close
            self._report(ev.Closed(epoch=self.epoch, give_up=self._gives_up))
        elif not self._close_requested.done():
            self._close_requested.set_result(None)
            if self._is_opening:
                self._task.cancel()
        elif not self.closing.forced.is_set():
            self.closing.forced.set()
        else:
            self._task.cancel()

    @property
    def pid(self) -> int | None:
        """Process id of a local server; None for a remote one."""
        return getattr(self.connection, "pid", None)

    @property
    def refresher(self) -> CatalogRefresher:
        """Refreshes the catalog."""
        return self._refresher

    async def wait(self) -> None:
        """Wait until the task of the connection has ended."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        stack = AsyncExitStack()
        try:
            # A task that is cancelled before its first step never runs, so close() cancels only after this mark.
            self._is_opening = not self._close_requested.done()
            if self._is_opening:
                await self._open(stack)
        except asyncio.CancelledError:
            if not self._close_requested.done():
                raise  # the event loop is shutting down
            self._task.uncancel()
        except Exception as error:  # noqa: BLE001 - every exception of a transport is a failed attempt
            self._is_opening = False
            self._report(ev.OpenFail(epoch=self.epoch, failure=self._classify(error)))
            await self._close_requested
        else:
            self._is_opening = False
            if self.connection is not None:
                await self._watch(self.connection)
        self._is_opening = False
        await self._close(stack)

    async def _open(self, stack: AsyncExitStack) -> None:
        shared, spec = self._shared, self._spec
        if self._reset_learned:
            shared.eras.pop(self._era_key(), None)
        await shared.pinboard.load(spec.name)
        transport: Transport[Any] = await shared.plugins.get_offer_async("transport", spec.transport)
        prepared = await shared.prepare(spec)
        self.redact = prepared.redact
        settings = validated(transport.config, prepared.settings, transport.name)
        async with shared.admission.turn(is_local=transport.is_local):
            timeouts = spec.timeouts
            connect = shared.timing.connect_timeout if timeouts.connect is None else timeouts.connect
            handshake = transport.handshake_timeout(settings) if timeouts.handshake is None else timeouts.handshake
            if not self._is_first and timeouts.handshake is None:
                handshake = min(handshake, MAX_LATER_HANDSHAKE)
            self._on_admitted(connect + handshake)
            began = shared.clock.now()
            peer = self._peer(connect, handshake)
            self.connection = await stack.enter_async_context(transport.connect(settings, peer))
            left = max(MIN_LISTING, handshake - (shared.clock.now() - began))
            self.catalog = await fetch_tools(self.connection, spec.name, left)
        self.opened_at = shared.clock.now()
        era: Era | None = getattr(self.connection, "era", None)
        if era is not None:
            shared.eras[self._era_key()] = era

    def _peer(self, connect: float, handshake: float) -> ClientEndpoint:
        return ClientEndpoint(
            service=self._spec.name,
            name="mcpstore",
            version=__version__,
            on_notification=self._notified,
            on_stderr=lambda line: self._on_log(self.redact(sanitized(line))),
            on_secret=self._learn,
            era=self._shared.eras.get(self._era_key()),
            owner_tag=self.marker,
            record_ownership=self._shared.traces.write,
            connect_timeout=connect,
            handshake_timeout=handshake,
            closing=self.closing,
        )

    def _learn(self, secret: str) -> None:
        self.redact = self.redact.extended(secret)
        self._shared.plugins.secrets.learn(self._spec.name, secret)

    async def _watch(self, connection: Connection) -> None:
        """Wait for the request to close; report the loss if the connection ends before it."""
        self._refresher.start(connection, self.catalog)
        gone = asyncio.ensure_future(connection.wait_closed())
        try:
            self._report(ev.OpenOk(epoch=self.epoch))
            waiting: set[asyncio.Future[Any]] = {gone, self._close_requested}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not self._close_requested.done():
                self.error = self._shown(str(gone.result()))
                self.exit = attrs.evolve(gone.result(), reason=self._shown(gone.result().reason), stderr=())
                self._report(ev.Lost(epoch=self.epoch))
                await self._close_requested
        finally:
            gone.cancel()

    async def _close(self, stack: AsyncExitStack) -> None:
        """Close everything and report it; each further request retries what could not be closed."""
        await self._refresher.stop()
        close: Callable[[], Awaitable[None]] = stack.aclose
        while True:
            try:
                await close()
            except CloseFailed as error:
                self.error = self._shown(str(error))
                close = error.reap
                self._close_requested = asyncio.get_running_loop().create_future()
                self._report(ev.CloseFail(epoch=self.epoch))
                await self._close_requested
                continue
            except asyncio.CancelledError:
                # The third request: the transport hangs in its own close.
                _log.error("service %r: its transport did not finish closing and was abandoned", self._spec.name)
                self._task.uncancel()
            except Exception as error:  # noqa: BLE001 - a transport that fails while closing is closed
                message = self.redact(describe_error(error))
                _log.warning("service %r: its transport, while closing, %s", self._spec.name, message)
            else:
                if self._shared.traces.holds(self.marker):
                    await asyncio.to_thread(self._shared.traces.erase, self.marker)
            break
        self.connection = None
        self._gives_up = await self._before_closed()
        self._report(ev.Closed(epoch=self.epoch, give_up=self._gives_up))

    def _classify(self, error: Exception) -> Failure:
        self.error = self._shown(_first_line(error))
        if not isinstance(error, MCPStoreError):  # a bug in a transport
            _log.debug("service %r: its transport raised", self._spec.name, exc_info=error)
        if isinstance(error, NotReady | ServiceBusy):
            self.retry_after = error.retry_after
        if isinstance(error, NotReady):
            self.exit = Exit(reason=self.error, code=error.exit_code) if error.exit_code is not None else None
        if isinstance(error, ConnectRefused | ConfigError | PluginError) or _wants_login(error):
            return Failure.PERMANENT
        if isinstance(error, ConnectTimeout | TimeoutError):
            return Failure.TIMEOUT
        if not isinstance(error, NotReady):
            _log.debug("service %r could not be opened", self._spec.name, exc_info=error)
        return Failure.TRANSIENT

    def _shown(self, text: str) -> str:
        """Return a message of the service or its transport as it may be shown: redacted, on one line."""
        # Redacted twice: before and after `one_line`, which can both split and join a secret.
        return self.redact(one_line(self.redact(text)))

    def _notified(self, method: str, _params: Mapping[str, Any]) -> None:
        if method.endswith("/list_changed"):
            self._refresher.ask()

    def _era_key(self) -> str:
        identity = json.dumps([self._spec.transport, plain(self._spec.settings)], sort_keys=True, default=repr)
        return hashlib.sha256(identity.encode()).hexdigest()[:32]


MAX_LATER_HANDSHAKE: Final = 60.0
"""Longest handshake after the first opening, in seconds: npx and uvx have finished their downloads by then."""

MIN_LISTING: Final = 5.0
"""Least time limit of the first tool listing, in seconds, even if the handshake took nearly all of its own."""


def _wants_login(error: Exception) -> bool:
    """Whether an error after the handshake is HTTP 401 or 403: the server requires a login only to list its tools."""
    data = as_object(error.data) if isinstance(error, ServiceError) else None
    return data is not None and data.get("httpStatus") in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    if not isinstance(error, MCPStoreError):  # the author of the transport needs the type
        text = f"{type(error).__name__}: {text}"
    return text.splitlines()[0] if text else type(error).__name__
