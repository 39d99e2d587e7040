"""The store, for programs with an event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from mcpstore.errors import InvalidArgument
from mcpstore.hooks.persistence import Problem
from mcpstore.models.record import NamedList
from mcpstore.models.service import Choice
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginInfo
from mcpstore.runtime.clock import Clock
from mcpstore.store.arguments import a_mapping, a_path, check_bool, check_names, check_str
from mcpstore.store.context import AsyncServiceContext
from mcpstore.store.lint import collisions, hints, hints_of_channel, hints_of_file
from mcpstore.store.manager import StoreManager
from mcpstore.store.registration import wrong_choices

__all__ = ["AsyncMCPStore"]

DEFAULT_CHOICES: Final = (Choice("ping"), Choice("backoff"))
"""What nearly every service is watched and brought back by; nothing can be wrong with it."""


class AsyncMCPStore(AsyncServiceContext):
    """Keeps MCP services running, and calls their tools.

    Use it as an async context manager, or open and close it yourself. Opening loads the configuration, registers every
    service, begins to start the enabled ones in the background, and returns at once.

    Args:
        config: The path of an mcp.json (or of any client's configuration), a configuration as a dictionary (kept in
            memory only), the URL of a persistence backend, or None for `$MCPSTORE_CONFIG`, else `./mcp.json` if there
            is one, else the user's own.
        monitoring_config: How services are watched and who is told: a `MonitoringConfig`, a dictionary of its
            fields, or None for what the configuration says under `"mcpstore"`, `"monitoring"`.
        state_dir: Folder for what may be forgotten; by default one per configuration, below the user's state folder.
        block_plugins: Names of plugins, or of their distributions, not to be used.
        plugins: Plugin objects to be used besides the installed ones, by name.
        start: Whether enabled services are started.
        timing: How long everything takes.
        clock: Time and chance; for tests.

    Raises:
        ConfigError: On opening: the configuration cannot be read. Nothing was started, nothing was written.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        monitoring_config: MonitoringConfig | Mapping[str, Any] | None = None,
        state_dir: str | os.PathLike[str] | None = None,
        block_plugins: Iterable[str] = (),
        plugins: Mapping[str, object] | None = None,
        start: bool = True,
        timing: Timing = DEFAULT_TIMING,
        clock: Clock | None = None,
    ) -> None:
        a_path("state_dir", state_dir)
        check_bool("start", start)
        if plugins is not None:
            a_mapping("plugins", plugins)
        house = StoreManager(
            config,
            monitoring=monitoring_config,
            state_dir=state_dir,
            block_plugins=check_names("block_plugins", block_plugins),
            plugins=plugins,
            start=start,
            timing=timing,
            clock=clock,
        )
        super().__init__(house, reports_run_status=True)

    @classmethod
    async def setup_store(cls, *args: Any, **kwargs: Any) -> Self:
        """Return an open store; takes what the class takes."""
        store = cls(*args, **kwargs)
        await store.open()
        return store

    async def open(self) -> None:
        """Load the configuration and begin to start the services.

        Raises:
            ConfigError: The configuration cannot be read; nothing was started.
        """
        await self._house.open()
        self._house.plugins.notify("mcpstore_store_started", store=self)

    async def close(self, force: bool = False) -> list[str]:
        """Stop every service, dependents first, and let go of everything.

        Args:
            force: Whether to skip the polite steps.

        Returns:
            Names of services of which something may be left running; empty as a rule.
        """
        check_bool("force", force)
        self._house.plugins.notify("mcpstore_store_stopped", store=self)
        return await self._house.close(force=force)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def for_store(self) -> AsyncServiceContext:
        """Return a context over all services; its `status` is the connection state."""
        return AsyncServiceContext(self._open())

    def for_agent(self, agent_id: str) -> AsyncServiceContext:
        """Return a context over the services given to one agent; what is added through it is given to the agent."""
        if not check_str("agent_id", agent_id):
            raise InvalidArgument("agent_id", "must be a name (got '')")
        return AsyncServiceContext(self._open(), agent=agent_id)

    async def list_plugins(self) -> NamedList[PluginInfo]:
        """Return every plugin that was found, with what it offers and what went wrong with it."""
        plugins = self._open().plugins
        await asyncio.to_thread(plugins.load)
        return plugins.list()

    async def config_problems(self) -> list[Problem]:
        """Return everything odd about the configuration."""
        house = self._open()
        problems = list(house.problems)
        for spec in house.registry.specs():
            if (spec.health, spec.recovery) != DEFAULT_CHOICES:
                wrong = await wrong_choices(spec, house.plugins)
                problems += (Problem(where=f"service {spec.name!r}", what=what) for what in wrong)
        return problems

    async def lint_config(self) -> list[str]:
        """Return what is unwise about the configuration: secrets in plain text or readable, names that collide."""
        house = self._open()
        specs = list(house.registry.specs())
        found = [f"service {spec.name!r}: {hint}" for spec in specs for hint in hints(spec)]
        handlers = house.monitoring.alerts.handlers
        told = [hint for one in handlers for hint in hints_of_channel(one.name or one.type, one.settings)]
        if "://" not in self.location and not house.keeps_objects:
            entries = [*(spec.entry for spec in specs), *(one.settings for one in handlers)]
            told += await asyncio.to_thread(hints_of_file, Path(self.location), entries)
        return [*found, *told, *collisions(house.registry.tools())]

    @property
    def is_primary(self) -> bool:
        """Whether this store owns the state directory of its configuration; one opened beside it does not."""
        state = self._open().state
        return state is not None and state.is_owner

    @property
    def location(self) -> str:
        """Where the configuration is kept; "memory" if it is not."""
        return self._open().book.location
