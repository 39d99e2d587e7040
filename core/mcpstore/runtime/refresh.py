"""Keeping what a service offers fresh."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from mcpstore.core.models.catalog import Catalog
from mcpstore.errors import CallError
from mcpstore.hooks.connection import Connection
from mcpstore.runtime.fetch import fetch_extras, fetch_tools
from mcpstore.runtime.shared import Shared

__all__ = ["Refresher"]

_log = logging.getLogger("mcpstore.runtime")


class Refresher:
    """Lists again when the service says that its lists changed, and every now and then.

    However often a service says so, one listing is under way and one is to follow, a second apart at least.

    Args:
        service: Name of the service.
        shared: What the runners share.
        on_catalog: Takes each new catalog.
    """

    def __init__(self, service: str, shared: Shared, on_catalog: Callable[[Catalog], None]) -> None:
        self._service = service
        self._shared = shared
        self._on_catalog = on_catalog
        self._connection: Connection | None = None
        self._catalog = Catalog()
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_asked = False

    def start(self, connection: Connection, catalog: Catalog) -> None:
        """Begin with the tools that were listed while opening; resources and prompts follow at once."""
        self._connection = connection
        self._catalog = catalog
        self._run(self._complete(connection))

    def ask(self) -> None:
        """List again soon."""
        self._is_asked = True
        if self._connection is not None and (self._task is None or self._task.done()):
            self._arm(self._shared.timing.tools_refresh_floor)

    async def stop(self) -> None:
        """List no longer."""
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
        self._handle = self._shared.clock.call_later(delay, self._due)

    def _due(self) -> None:
        if self._connection is not None and (self._task is None or self._task.done()):
            self._run(self._again(self._connection))

    async def _complete(self, connection: Connection) -> None:
        limit = self._shared.timing.check_timeout
        try:
            self._catalog = await fetch_extras(connection, self._service, limit, self._catalog)
            self._on_catalog(self._catalog)
        except CallError as error:
            _log.debug("service %r did not list everything: %s", self._service, error)
        finally:
            self._next()

    async def _again(self, connection: Connection) -> None:
        self._is_asked = False
        limit = self._shared.timing.check_timeout
        try:
            tools = await fetch_tools(connection, self._service, limit)
            self._catalog = await fetch_extras(connection, self._service, limit, tools)
            self._on_catalog(self._catalog)
        except CallError as error:
            # The last known lists stay: a service that cannot list for a moment has not lost its tools.
            _log.debug("service %r did not list what it offers: %s", self._service, error)
        finally:
            self._next()

    def _next(self) -> None:
        if self._connection is None:
            return
        timing = self._shared.timing
        regular = min(timing.tools_refresh, self._catalog.ttl or timing.tools_refresh)
        self._arm(timing.tools_refresh_floor if self._is_asked else max(regular, timing.tools_refresh_floor))
