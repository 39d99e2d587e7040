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
from mcpstore.store.arguments import check_bool, check_mapping, check_names, check_path, check_str
from mcpstore.store.builder import StoreOptions
from mcpstore.store.context import AsyncServiceContext
from mcpstore.store.lint import collisions, hints, hints_of_channel, hints_of_file
from mcpstore.store.manager import StoreManager
from mcpstore.store.registration import choice_problems
from mcpstore.store.scope import Scope

__all__ = ["AsyncMCPStore"]

DEFAULT_CHOICES: Final = (Choice("ping"), Choice("backoff"))
"""The health strategy and the recovery policy of nearly every service; their options are always valid."""


class AsyncMCPStore(AsyncServiceContext):
    """Keeps MCP services running, and calls their tools.

    Use it as an async context manager, or open and close it yourself. Opening loads the configuration, registers every
    service, begins to start the enabled services in the background, and returns at once.

    Args:
        config: The path of an mcp.json (or of the configuration of any client), a configuration as a dictionary (kept
            in memory only), the URL of a persistence backend, or None for `$MCPSTORE_CONFIG`, else `./mcp.json` if it
            exists, else the file in the user's configuration folder.
        monitoring_config: The settings of monitoring and alerting: a `MonitoringConfig`, a dictionary of its fields, or
            None for the settings in the configuration, under `"mcpstore"`, `"monitoring"`.
        state_dir: Folder for the control socket, alerts, and the history of metrics and states; by default one for each
            configuration, in the user's state folder. If it is deleted, past and undelivered alerts, silences and the
            history are lost. Approvals of tools are kept in the user's data folder.
        block_plugins: Names of plugins, or of their distributions, that are not loaded.
        plugins: Plugin objects that are used beside the installed ones, by name.
        start: Whether enabled services are started.
        timing: Intervals, timeouts and limits.
        clock: Source of time and randomness; for tests.

    Raises:
        ConfigError: On opening: the configuration cannot be read; nothing was started and nothing was written.
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
        options = StoreOptions(
            config=config,
            monitoring=monitoring_config,
            state_dir=check_path("state_dir", state_dir),
            block_plugins=check_names("block_plugins", block_plugins),
            plugins=check_mapping("plugins", plugins),
            start=check_bool("start", start),
            timing=timing,
            clock=clock or Clock(),
        )
        self._manager: Final = StoreManager(options)
        super().__init__(Scope(self._manager, reports_run_status=True))

    @classmethod
    async def setup_store(cls, *args: Any, **kwargs: Any) -> Self:
        """Return an open store; accepts the arguments of the class."""
        store = cls(*args, **kwargs)
        await store.open()
        return store

    async def open(self) -> None:
        """Load the configuration and begin to start the services.

        Raises:
            ConfigError: The configuration cannot be read; nothing was started.
        """
        await self._manager.open()
        self._manager.parts.plugins.notify("mcpstore_store_started", store=self)

    async def close(self, force: bool = False) -> list[str]:
        """Stop every service, dependents first, and release every resource.

        Args:
            force: Whether the graceful steps are skipped.

        Returns:
            Names of services that may have left processes running; usually empty.
        """
        check_bool("force", force)
        if self._manager.is_open:
            self._manager.parts.plugins.notify("mcpstore_store_stopped", store=self)
        return await self._manager.close(force=force)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def for_store(self) -> AsyncServiceContext:
        """Return a context over all services; its `status` is the connection state."""
        self._scope.parts()
        return AsyncServiceContext(Scope(self._manager))

    def for_agent(self, agent_id: str) -> AsyncServiceContext:
        """Return a context over the services assigned to one agent; services added in it are assigned to the agent.

        Args:
            agent_id: Name of the agent.
        """
        if not check_str("agent_id", agent_id):
            raise InvalidArgument("agent_id", "must be a name (got '')")
        self._scope.parts()
        return AsyncServiceContext(Scope(self._manager, agent=agent_id))

    async def list_plugins(self) -> NamedList[PluginInfo]:
        """Return every installed plugin, with its offers and its errors."""
        plugins = self._scope.parts().plugins
        await asyncio.to_thread(plugins.load)
        return plugins.list()

    async def config_problems(self) -> list[Problem]:
        """Return every problem of the configuration that keeps the rest of it usable."""
        parts = self._scope.parts()
        problems = list(parts.problems)
        for spec in parts.registry.specs():
            if (spec.health, spec.recovery) != DEFAULT_CHOICES:
                wrong = await choice_problems(spec, parts.plugins)
                problems += (Problem(where=f"service {spec.name!r}", what=what) for what in wrong)
        return problems

    async def lint_config(self) -> list[str]:
        """Return advice on the configuration: secrets in plain text or readable by others, names that collide."""
        parts = self._scope.parts()
        specs = list(parts.registry.specs())
        channels = parts.monitoring.alerts.handlers
        advice = [f"service {spec.name!r}: {hint}" for spec in specs for hint in hints(spec)]
        advice += (hint for one in channels for hint in hints_of_channel(one.name or one.type, one.settings))
        if "://" not in self.location and not parts.config_store.is_in_memory:
            entries = [*(spec.entry for spec in specs), *(channel.settings for channel in channels)]
            advice += await asyncio.to_thread(hints_of_file, Path(self.location), entries)
        return [*advice, *collisions(parts.registry.tools())]

    @property
    def is_primary(self) -> bool:
        """Whether this store owns the state directory of its configuration.

        At most one store owns it. A store that is opened while another one owns it, or with `start=False`, does not.
        """
        state_dir = self._scope.parts().state_dir
        return state_dir is not None and state_dir.is_owner

    @property
    def location(self) -> str:
        """Place of the configuration, without secrets; "memory" for a dictionary."""
        return self._scope.parts().config_store.location
