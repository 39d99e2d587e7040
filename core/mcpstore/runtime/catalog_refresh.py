"""Refreshes the catalog of a connected service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from mcpstore.errors import CallError, ServiceBusy
from mcpstore.hooks.connection import Connection
from mcpstore.models.catalog import Catalog
from mcpstore.runtime.catalog_fetch import fetch_extras, fetch_tools
from mcpstore.runtime.runner_services import RunnerServices

__all__ = ["CatalogRefresher", "RefreshCause", "Refreshed"]

_log = logging.getLogger("mcpstore.runtime")


class RefreshCause(StrEnum):
    """Why a catalog was listed again."""

    CONNECTED = "connected"
    """The service was connected."""
    LIST_CHANGED = "list_changed"
    """The service reported that its lists changed."""
    INTERVAL = "interval"
    """The refresh interval has passed."""
    FALLBACK = "fallback"
    """The previous listing failed."""
    REQUEST = "request"
    """An operator requested it."""


@attrs.define
class Refreshed:
    """State of the refreshes of one catalog.

    Attributes:
        cause: Cause of the last listing.
        time: Time of the last listing (local time, without zone).
        next_time: Time of the next regular listing (local time, without zone).
        failures: Number of consecutive listings that failed.
        error: Error of the last listing; None if it succeeded.
    """

    cause: RefreshCause = RefreshCause.CONNECTED
    time: datetime | None = None
    next_time: datetime | None = None
    failures: int = 0
    error: str | None = None


class CatalogRefresher:
    """Lists the catalog again when the service reports a change, and at regular intervals.

    However many changes a service reports, at most one listing is under way and one follows, a second apart at least.

    Args:
        service: Name of the service.
        shared: Objects that all runners of the store share.
        on_catalog: Receives each new catalog.

    Attributes:
        state: State of the refreshes.
    """

    def __init__(self, service: str, shared: RunnerServices, on_catalog: Callable[[Catalog], None]) -> None:
        self._service = service
        self._shared = shared
        self._on_catalog = on_catalog
        self._connection: Connection | None = None
        self._catalog = Catalog()
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._asked: RefreshCause | None = None
        self._cause = RefreshCause.CONNECTED
        self._busy_until = float("-inf")
        self.state: Refreshed = Refreshed()

    def start(self, connection: Connection, catalog: Catalog) -> None:
        """Start with the tools that the opening listed; resources and prompts are listed at once."""
        self._connection = connection
        self._catalog = catalog
        self.state.time = self._shared.clock.wall()
        self._run(self._complete(connection))

    def ask(self, cause: RefreshCause = RefreshCause.LIST_CHANGED) -> None:
        """List again after the least interval."""
        is_pending, self._asked = self._asked is not None, cause
        if self._connection is not None and not is_pending and (self._task is None or self._task.done()):
            self._arm(self._shared.timing.tools_refresh_floor)

    async def now(self) -> None:
        """List again at once, or join a listing under way, and wait for its end."""
        if self._connection is None:
            return
        if self._task is None or self._task.done():
            self._asked = RefreshCause.REQUEST
            if self._handle is not None:
                self._handle.cancel()
            self._due()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Stop listing."""
        self._connection = None
        if self._handle is not None:
            self._handle.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.create_task(work, name=f"mcpstore-refresh-{self._service}")

    def _arm(self, delay: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        clock = self._shared.clock
        delay = max(delay, self._busy_until - clock.now())
        self._handle = clock.call_later(delay, self._due)
        self.state.next_time = clock.wall_at(clock.now() + delay)

    def _due(self) -> None:
        if self._connection is not None and (self._task is None or self._task.done()):
            self._run(self._again(self._connection))

    async def _complete(self, connection: Connection) -> None:
        limit = self._shared.timing.check_timeout
        try:
            self._catalog = await fetch_extras(connection, self._service, limit, self._catalog)
            self._on_catalog(self._catalog)
        except CallError as error:
            _log.debug("service %r: resources or prompts could not be listed: %s", self._service, error)
            self._wait_for(error)
        finally:
            self._next()

    async def _again(self, connection: Connection) -> None:
        cause, self._asked = self._asked or self._cause, None
        limit, state = self._shared.timing.check_timeout, self.state
        try:
            tools = await fetch_tools(connection, self._service, limit)
            self._catalog = await fetch_extras(connection, self._service, limit, tools)
            state.cause, state.time, state.failures, state.error = cause, self._shared.clock.wall(), 0, None
            self._on_catalog(self._catalog)
        except CallError as error:
            # The last known lists stay: a failed listing does not mean that the tools are gone.
            _log.debug("service %r: catalog could not be listed: %s", self._service, error)
            state.failures += 1
            state.error = str(error)
            self._wait_for(error)
        finally:
            self._next()

    def _wait_for(self, error: CallError) -> None:
        if isinstance(error, ServiceBusy):
            self._busy_until = self._shared.clock.now() + (error.retry_after or 0.0)

    def _next(self) -> None:
        if self._connection is None:
            return
        timing, failures = self._shared.timing, self.state.failures
        delay = min(timing.tools_refresh, self._catalog.ttl or timing.tools_refresh)
        self._cause = RefreshCause.INTERVAL
        if failures:
            delay = min(delay, timing.check_interval * 2.0 ** min(failures, 16))
            self._cause = RefreshCause.FALLBACK
        self._arm(timing.tools_refresh_floor if self._asked else max(delay, timing.tools_refresh_floor))
