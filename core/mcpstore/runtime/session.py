"""One connection from its opening to its close, owned by one task."""

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
    """One connection. Opens, reports, waits, closes; everything of it happens in one task.

    Args:
        spec: The service.
        epoch: Number of the connection.
        shared: What the runners share.
        report: Takes the events of this connection.
        on_log: Takes each line the service writes to stderr.
        on_catalog: Takes every catalog after the first one.
        before_closed: Awaited when everything is closed, before that is reported; tells whether to give up.
        is_first: Whether the service has not been opened yet by this process.
        is_anew: Whether what was learned of the service is to be forgotten.

    Attributes:
        connection: The connection, while there is one.
        catalog: What the service offered when it was last asked.
        error: What went wrong, in words.
        exit: How the connection ended, if it ended by itself.
        retry_after: Seconds the service asked to be left alone, when it was opened.
        busy_until: Until when it asked not to be checked, on the monotonic clock.
        calls: Requests under way.
        memory: Notes of the health strategy.
        closing: How patient the close is.
        opened_at: When it was open, on the monotonic clock.
        redact: Hides the secrets of the service in text.
        marker: Identity of the connection on this machine.
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
        is_anew: bool = False,
    ) -> None:
        self._spec: Final = spec
        self.epoch: Final = epoch
        self._shared: Final = shared
        self._report: Final = report
        self._on_admitted: Final = on_admitted
        self._on_log: Final = on_log
        self._before_closed: Final = before_closed
        self._is_first: Final = is_first
        self._is_anew: Final = is_anew
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
        self._asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_opening = False
        self._gives_up = False
        self._task = asyncio.create_task(self._run(), name=f"mcpstore-session-{spec.name}")

    def close(self) -> None:
        """Ask for the close; asking again while it is under way makes it impatient."""
        if self._task.done():  # it ended after its deadline, when nobody waited for it any more
            self._report(ev.Closed(epoch=self.epoch, give_up=self._gives_up))
        elif not self._asked.done():
            self._asked.set_result(None)
            if self._is_opening:
                self._task.cancel()
        elif not self.closing.forced.is_set():
            self.closing.forced.set()
        else:
            self._task.cancel()

    @property
    def pid(self) -> int | None:
        """Process id, where the connection is to a local process."""
        return getattr(self.connection, "pid", None)

    @property
    def refresher(self) -> CatalogRefresher:
        """Keeps the lists of what the service offers fresh."""
        return self._refresher

    async def wait(self) -> None:
        """Wait until the task of the connection is over."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        stack = AsyncExitStack()
        try:
            # A task that is cancelled before its first step never takes one, so close() waits for this mark.
            self._is_opening = not self._asked.done()
            if self._is_opening:
                await self._open(stack)
        except asyncio.CancelledError:
            if not self._asked.done():
                raise  # the event loop is shutting down
            self._task.uncancel()
        except Exception as error:  # noqa: BLE001 - whatever a transport raises is a failed attempt
            self._is_opening = False
            self._report(ev.OpenFail(epoch=self.epoch, failure=self._classify(error)))
            await self._asked
        else:
            self._is_opening = False
            if self.connection is not None:
                await self._watch(self.connection)
        self._is_opening = False
        await self._close(stack)

    async def _open(self, stack: AsyncExitStack) -> None:
        shared, spec = self._shared, self._spec
        if self._is_anew:
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
                handshake = min(handshake, RETURNING)
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
        """Wait until somebody asks for the close; report the end if the connection ends before that."""
        self._refresher.start(connection, self.catalog)
        gone = asyncio.ensure_future(connection.wait_closed())
        try:
            self._report(ev.OpenOk(epoch=self.epoch))
            waiting: set[asyncio.Future[Any]] = {gone, self._asked}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not self._asked.done():
                self.error = self._told(str(gone.result()))
                self.exit = attrs.evolve(gone.result(), reason=self._told(gone.result().reason), stderr=())
                self._report(ev.Lost(epoch=self.epoch))
                await self._asked
        finally:
            gone.cancel()

    async def _close(self, stack: AsyncExitStack) -> None:
        """Close everything and report it; what survives is tried again each time somebody asks."""
        await self._refresher.stop()
        close: Callable[[], Awaitable[None]] = stack.aclose
        while True:
            try:
                await close()
            except CloseFailed as error:
                self.error = self._told(str(error))
                close = error.reap
                self._asked = asyncio.get_running_loop().create_future()
                self._report(ev.CloseFail(epoch=self.epoch))
                await self._asked
                continue
            except asyncio.CancelledError:
                # Asked three times: the transport hangs in its own close, and nothing is gained by waiting for it.
                _log.error("service %r: its transport did not finish closing and was abandoned", self._spec.name)
                self._task.uncancel()
            except Exception as error:  # noqa: BLE001 - a transport that fails while closing has nothing left to close
                told = self.redact(describe_error(error))
                _log.warning("service %r: its transport, while closing, %s", self._spec.name, told)
            else:
                if self._shared.traces.holds(self.marker):
                    await asyncio.to_thread(self._shared.traces.erase, self.marker)
            break
        self.connection = None
        self._gives_up = await self._before_closed()
        self._report(ev.Closed(epoch=self.epoch, give_up=self._gives_up))

    def _classify(self, error: Exception) -> Failure:
        self.error = self._told(_first_line(error))
        if not isinstance(error, MCPStoreError):  # a mistake in a transport
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

    def _told(self, text: str) -> str:
        """Return what a service or its transport said as it may be shown: without secrets, on one line, harmless."""
        # Twice, so that neither what is taken out hides a secret, nor what is left.
        return self.redact(one_line(self.redact(text)))

    def _notified(self, method: str, _params: Mapping[str, Any]) -> None:
        if method.endswith("/list_changed"):
            self._refresher.ask()

    def _era_key(self) -> str:
        told = json.dumps([self._spec.transport, plain(self._spec.settings)], sort_keys=True, default=repr)
        return hashlib.sha256(told.encode()).hexdigest()[:32]


RETURNING: Final = 60.0
"""Seconds a handshake may take at most once a service has been opened: by then npx and uvx have their downloads."""

MIN_LISTING: Final = 5.0
"""Seconds the first list of tools may take at least, however long the handshake took."""


def _wants_login(error: Exception) -> bool:
    """Whether a service that greets everybody lists its tools only for those it knows."""
    told = as_object(error.data) if isinstance(error, ServiceError) else None
    return told is not None and told.get("httpStatus") in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    if not isinstance(error, MCPStoreError):  # whoever wrote the transport needs to know what it was
        text = f"{type(error).__name__}: {text}"
    return text.splitlines()[0] if text else type(error).__name__
