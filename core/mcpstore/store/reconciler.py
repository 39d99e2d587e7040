"""Applies the configuration to the services: after an edit, after a change from outside, and on request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from mcpstore.config.reader import ParsedConfig
from mcpstore.core.registry import Registry
from mcpstore.errors import ConfigError, DependencyCycle
from mcpstore.hooks.persistence import Edit
from mcpstore.models.service import ServiceSpec
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.supervisor import Supervisor
from mcpstore.store.config_store import ConfigStore, Difference
from mcpstore.store.snapshots import snapshot

__all__ = ["Reconciler"]

_log = logging.getLogger("mcpstore.store")


class Reconciler:
    """Applies the configuration to the services.

    Args:
        config_store: The configuration.
        registry: What each service is and offers.
        supervisor: The services.
        plugins: Are notified of added, updated and removed services.
        follow_monitoring: Applies the settings of monitoring in a configuration.
        starts: Whether enabled services are started.

    Attributes:
        cycle: The dependency cycle in the configuration; None if there is none.
    """

    def __init__(
        self,
        config_store: ConfigStore,
        registry: Registry,
        supervisor: Supervisor,
        plugins: PluginManager,
        follow_monitoring: Callable[[ParsedConfig], Awaitable[None]],
        *,
        starts: bool,
    ) -> None:
        self.cycle: DependencyCycle | None = None
        self._config_store: Final = config_store
        self._registry: Final = registry
        self._supervisor: Final = supervisor
        self._plugins: Final = plugins
        self._follow_monitoring: Final = follow_monitoring
        self._starts: Final = starts
        self._lock: Final = asyncio.Lock()
        self._is_running = False
        self._watching: asyncio.Task[None] | None = None
        self._rereading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Apply the configuration, and from now on each change of it."""
        self._is_running = True
        await self.reconcile()
        self._watching = asyncio.create_task(self._watch(), name="mcpstore-watch-config")

    async def stop(self) -> None:
        """Apply no more changes."""
        self._is_running = False
        tasks = [task for task in (self._watching, self._rereading) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def edit(self, make: Callable[[ParsedConfig], Sequence[Edit]]) -> None:
        """Change the configuration, and apply it.

        Args:
            make: Returns the edits for the configuration as it is now.

        Raises:
            ConfigError: The configuration cannot be written; nothing was changed.
        """
        await self._config_store.edit(make)
        await self.reconcile()

    async def reread(self) -> None:
        """Read the configuration again, and apply it; an unreadable configuration changes nothing."""
        try:
            await self._config_store.reread()
        except ConfigError as error:
            _log.warning("%s; the services continue as they are", error)
        else:
            await self.reconcile()

    def reread_soon(self) -> None:
        """Begin to read the configuration again, unless that is under way."""
        if self._is_running and (self._rereading is None or self._rereading.done()):
            self._rereading = asyncio.create_task(self.reread(), name="mcpstore-reread-config")

    async def reconcile(self) -> None:
        """Apply the configuration that was read last."""
        async with self._lock:
            specs = self._config_store.reading.specs
            known = {spec.name: spec for spec in self._registry.specs()}
            difference = self._config_store.difference(known)
            self._record_cycle(difference)
            for name, spec in specs.items():
                if name in known and spec == known[name]:
                    self._registry.put(spec)  # equal specifications may come from entries that differ
            for spec in difference.added:
                self._redact_secrets(spec)
                self._supervisor.add(spec)
                self._notify("mcpstore_service_added", spec.name)
            stopped = [self._supervisor.stop(spec.name) for spec in difference.changed if self._update(spec, known)]
            removed = [self._remove(name) for name in difference.removed]
            if self._starts:
                enabled = [spec for spec in difference.changed if spec.enabled and not known[spec.name].enabled]
                self._supervisor.start_in_order(spec.name for spec in (*difference.added, *enabled) if spec.enabled)
            await asyncio.gather(*stopped, *removed)
            await self._follow_monitoring(self._config_store.reading)

    def _update(self, spec: ServiceSpec, known: Mapping[str, ServiceSpec]) -> bool:
        """Give a service its new specification; returns whether the service must be stopped now."""
        self._redact_secrets(spec)
        self._supervisor.update(spec)
        self._notify("mcpstore_service_updated", spec.name)
        return known[spec.name].enabled and not spec.enabled

    async def _remove(self, name: str) -> None:
        await self._supervisor.remove(name)
        self._plugins.secrets.forget(name)
        self._plugins.notify("mcpstore_service_removed", name=name)

    def _redact_secrets(self, spec: ServiceSpec) -> None:
        """Redact the secrets of an entry in what plugins report; plugins may see the entry before it is opened."""
        self._plugins.secrets.add_entries(spec.name, spec.settings, spec.entry)

    def _notify(self, hook: str, name: str) -> None:
        if self._plugins.has_hook(hook):
            runner = self._supervisor.runner(name)
            self._plugins.notify(hook, service=snapshot(runner, self._registry.catalog(name), as_run_status=True))

    def _record_cycle(self, difference: Difference) -> None:
        try:
            self._registry.check_dependencies(*difference.added, *difference.changed)
            self.cycle = None
        except DependencyCycle as error:
            self.cycle = error

    async def _watch(self) -> None:
        async for _ in self._config_store.changes():
            await self.reconcile()
