"""The plugins of one store: found at the start, imported when needed, called by hook."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any, Final

from mcpstore.concurrency.worker import WorkerTimeout, run_with_timeout
from mcpstore.errors import PluginConflict, PluginError, UnknownPlugin
from mcpstore.errors.base import known_names
from mcpstore.hooks import specs
from mcpstore.hooks.markers import DEPRECATED
from mcpstore.models.record import NamedList
from mcpstore.models.redaction import SecretRegistry
from mcpstore.plugin_manager import discovery
from mcpstore.plugin_manager.cache import CachedPlugin, PluginCache
from mcpstore.plugin_manager.discovery import Candidate
from mcpstore.plugin_manager.info import PluginInfo, PluginStatus
from mcpstore.plugin_manager.inspection import PluginContents, inspect_plugin
from mcpstore.plugin_manager.kinds import PLUGIN_KINDS, PluginKind
from mcpstore.plugin_manager.loaded_plugin import HOOK_LIMIT, LoadedPlugin, describe_error

__all__ = ["ALL_THIRD_PARTY", "BLOCK_VARIABLE", "DISTRIBUTION", "PLUGIN_KINDS", "PluginKind", "PluginManager"]

BLOCK_VARIABLE: Final = "MCPSTORE_BLOCK_PLUGINS"
"""Environment variable with the names of blocked plugins, or of their distributions, separated by commas."""

DISTRIBUTION: Final = "mcpstore-manager"
"""Name of the distribution of the bundled plugins."""

ALL_THIRD_PARTY: Final = "*"
"""Blocked name that stands for every plugin that is not bundled."""

LOAD_LIMIT: Final = 30.0
"""Maximum duration of the import of a plugin, in seconds."""

_BLOCK_REMEDY: Final = f"block one with {BLOCK_VARIABLE}"

_log = logging.getLogger("mcpstore.plugins")


class PluginManager:
    """The plugins of one store.

    Args:
        block: Names of blocked plugins or distributions; "*" stands for all that are not bundled.
        plugins: Plugin objects to use in addition to the installed ones, by name.
        entry_points: Returns the entry points of the installed plugins; None for those of the environment.
        cache: Cache of the hooks and offers of plugins, which need not be imported then; None imports every plugin.
        specifications: Hook specifications.
        deprecated: Deprecated hooks and arguments ("hook:argument"), with what to use instead.

    Attributes:
        secrets: Secrets that are redacted in the messages of plugins.
        listeners: Plugins that implement each hook, by hook; read before every call.
    """

    def __init__(
        self,
        *,
        block: Iterable[str] = (),
        plugins: Mapping[str, object] | None = None,
        entry_points: Callable[[], Iterable[EntryPoint]] | None = None,
        cache: PluginCache | None = None,
        specifications: Any = specs,
        deprecated: Mapping[str, str] = DEPRECATED,
    ) -> None:
        self.secrets: SecretRegistry = SecretRegistry()
        self._requested_blocks = {name.strip() for name in block} - {""}
        self._blocked = self._requested_blocks | {
            name.strip() for name in os.environ.get(BLOCK_VARIABLE, "").split(",")
        } - {""}
        self._plugin_objects = dict(plugins or {})
        self._entry_points = entry_points
        self._cache = cache
        self._inspect = partial(inspect_plugin, specifications=specifications, deprecated=deprecated)
        self._plugins: list[LoadedPlugin] = []
        self._offers: dict[str, dict[str, Any]] = {kind: {} for kind in PLUGIN_KINDS}
        self._conflicts: dict[tuple[str, str], PluginConflict] = {}
        self.listeners: dict[str, tuple[LoadedPlugin, ...]] = {}

    def block(self, names: Iterable[str]) -> None:
        """Block further plugins; this has no effect on plugins that are already found."""
        new = set(names)
        self._blocked |= new
        self._requested_blocks |= new

    def unknown_blocks(self) -> list[str]:
        """Return warnings about blocked names that no plugin has; to be called after `discover`.

        Names from the environment variable are ignored, because it can be set for several programs.
        """
        known = {name for plugin in self._plugins for name in (plugin.name, plugin.distribution) if name}
        return [
            f"plugin {name!r} cannot be blocked: no plugin has this name; {known_names('plugins', sorted(known), name)}"
            for name in sorted(self._requested_blocks - known - {ALL_THIRD_PARTY})
        ]

    def discover(self, *, bundled: bool | None = None) -> None:
        """Find the installed plugins, and import those that are neither blocked nor in the cache.

        Blocks. It does not raise, whatever a plugin does.

        Args:
            bundled: True for the bundled plugins only, False for the others only, None for all.
        """
        candidates = discovery.find() if self._entry_points is None else discovery.find(self._entry_points)
        for candidate in candidates:
            if bundled is not None and bundled is not (candidate.distribution == DISTRIBUTION):
                continue
            target = candidate.entry_point.value
            plugin = LoadedPlugin(candidate.name, candidate.distribution, candidate.version, target, self.secrets)
            if candidate.duplicates and not self._is_blocked(plugin):
                duplicates = ", ".join(candidate.duplicates)
                plugin.disable(
                    PluginStatus.CONFLICT,
                    f"plugin {plugin.name!r} is installed more than once: {duplicates}; {_BLOCK_REMEDY}",
                )
            self._add(plugin, partial(discovery.load, candidate), candidate)
        for name, instance in self._plugin_objects.items() if not bundled else ():
            self._add(LoadedPlugin(name, redact=self.secrets), partial(_identity, instance), None)
        self._resolve_conflicts()
        if self._cache is not None:
            self._cache.save()

    def load(self, kind: str | None = None) -> None:
        """Import plugins that are only in the cache. Blocks.

        Args:
            kind: Kind of offers; only plugins with such an offer are imported. None for all plugins.
        """
        for plugin in self._plugins:
            if plugin.load is not None and (kind is None or any(offered == kind for offered, _ in plugin.offers)):
                plugin.load()

    def list(self) -> NamedList[PluginInfo]:
        """Return all plugins that were found, including those that are not used."""
        return NamedList(plugin.info() for plugin in self._plugins)

    def offers(self, kind: str) -> Mapping[str, Any]:
        """Return the offers of a kind, by name."""
        self.load(kind)
        return self._offers[kind]

    def get_offer(self, kind: str, name: str) -> Any:
        """Return the offer of this kind and name. Blocks if its plugin must be imported; see `get_offer_async`.

        Raises:
            PluginConflict: Several plugins offer it.
            UnknownPlugin: No plugin offers it.
        """
        if not self._has(kind, name):
            for plugin in self._plugins:
                if (kind, name) in plugin.offers and plugin.load is not None:
                    plugin.load()
        if not self._has(kind, name):
            self.load()  # the cache can be wrong, so all plugins are imported before the name counts as unknown
        if (conflict := self._conflicts.get((kind, name))) is not None:
            raise conflict
        try:
            return self._offers[kind][name]
        except KeyError:
            raise UnknownPlugin(kind, name, list(self._offers[kind]), self._unused_hint()) from None

    async def get_offer_async(self, kind: str, name: str) -> Any:
        """Return the offer of this kind and name; if its plugin must be imported, this happens in a thread.

        Raises:
            PluginConflict: Several plugins offer it.
            UnknownPlugin: No plugin offers it.
        """
        if not self._has(kind, name) and any(plugin.is_idle for plugin in self._plugins):
            return await asyncio.to_thread(self.get_offer, kind, name)
        return self.get_offer(kind, name)

    def _unused_hint(self) -> str:
        """Return a list of the plugins that are not used, as the end of a message; empty if there are none."""
        unused = (PluginStatus.BLOCKED, PluginStatus.BROKEN, PluginStatus.CONFLICT)
        names = [f"{plugin.name} ({plugin.status.value})" for plugin in self._plugins if plugin.status in unused]
        return f"; not used: {', '.join(sorted(names))}; for the reasons run `mcpstore plugins`" if names else ""

    def record_fault(self, kind: str, name: str, what: str) -> None:
        """Count a fault of an offer for its plugin, which `mcpstore plugins` then shows.

        Args:
            kind: Kind of the offer.
            name: Name of the offer.
            what: Description of the fault, such as "raised ValueError: too long".
        """
        for plugin in self._plugins:
            if (kind, name) in plugin.offers:
                plugin.record_fault(f"{kind} {name!r} {what}")

    def has_hook(self, hook: str) -> bool:
        """Whether any plugin implements a hook; a cheap test for hooks of every call."""
        return hook in self.listeners

    def notify(self, hook: str, **arguments: Any) -> None:
        """Queue a notice for every plugin that implements the hook. Returns at once; call it in the event loop."""
        for plugin in self.listeners.get(hook, ()):
            plugin.post(hook, arguments)

    async def decide(self, hook: str, **arguments: Any) -> Any:
        """Call a decision hook of one plugin after the other and return the first answer that is not None."""
        for plugin in self.listeners.get(hook, ()):
            answer = await plugin.call_hook(hook, arguments)
            if answer is not None:
                return answer
        return None

    async def flush(self) -> None:
        """Wait until all notices queued so far are delivered."""
        for plugin in self._plugins:
            await plugin.flush()

    async def close(self) -> None:
        """Deliver the queued notices, within a time limit, and close every plugin."""
        for plugin in self._plugins:
            await plugin.close()

    def _has(self, kind: str, name: str) -> bool:
        return name in self._offers[kind] or (kind, name) in self._conflicts

    def _is_blocked(self, plugin: LoadedPlugin) -> bool:
        if ALL_THIRD_PARTY in self._blocked and plugin.distribution != DISTRIBUTION:
            return True
        return not self._blocked.isdisjoint({plugin.name, plugin.distribution} - {""})

    def _add(self, plugin: LoadedPlugin, load: Callable[[], object], candidate: Candidate | None) -> None:
        """Add a plugin: blocked, taken from the cache, or imported."""
        self._plugins.append(plugin)
        if self._is_blocked(plugin):
            plugin.disable(PluginStatus.BLOCKED, "blocked on request")
            return
        if plugin.status is not PluginStatus.ACTIVE:
            return
        cached = self._cache.get(candidate) if self._cache is not None and candidate is not None else None
        if cached is None:
            self._import_plugin(plugin, load, candidate)
            return
        plugin.status = PluginStatus.IDLE
        plugin.hooks = dict.fromkeys(cached.hooks)
        plugin.offers = list(cached.offers)
        plugin.load = partial(self._load_deferred, plugin, load, candidate)
        self._listen(plugin)

    def _load_deferred(self, plugin: LoadedPlugin, load: Callable[[], object], candidate: Candidate | None) -> None:
        with plugin.load_lock:
            if not plugin.is_idle:
                return
            before = (set(plugin.hooks), set(plugin.offers))
            self._import_plugin(plugin, load, candidate)
            if before != (set(plugin.hooks), set(plugin.offers)):
                self._resolve_conflicts()
        if self._cache is not None:
            self._cache.save()

    def _import_plugin(self, plugin: LoadedPlugin, load: Callable[[], object], candidate: Candidate | None) -> None:
        """Import a plugin, and store its hooks and offers in the cache."""
        began = time.perf_counter()  # for display only
        try:
            instance = run_with_timeout(load, LOAD_LIMIT, f"mcpstore-load-{plugin.name}")
            contents = self._inspect(plugin.name, instance, HOOK_LIMIT)
        except WorkerTimeout as error:
            plugin.disable(PluginStatus.BROKEN, str(error))
        except PluginError as error:
            plugin.disable(PluginStatus.BROKEN, str(error))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            plugin.disable(PluginStatus.BROKEN, describe_error(error))
        else:
            plugin.load_time = time.perf_counter() - began
            self._register(plugin, contents)
        if self._cache is not None and candidate is not None:
            is_sound = plugin.status is PluginStatus.ACTIVE and not plugin.warnings
            cached = CachedPlugin(hooks=tuple(plugin.hooks), offers=tuple(plugin.offers))
            self._cache.put(candidate, cached if is_sound else None)
        if plugin.status is PluginStatus.BROKEN:
            _log.warning("plugin %r is not used: %s", plugin.name, plugin.error)

    def _register(self, plugin: LoadedPlugin, contents: PluginContents) -> None:
        plugin.record_event(f"was imported in {plugin.load_time * 1000:.0f} ms")
        plugin.hooks = dict(contents.hooks)
        plugin.api, plugin.warnings = contents.api, contents.warnings
        plugin.offers = [(kind, record.name) for kind, records in contents.offers.items() for record in records]
        for kind, records in contents.offers.items():
            for record in records:
                self._offers[kind].setdefault(record.name, record)
        for warning in plugin.warnings:
            plugin.record_event(warning)
            _log.warning("plugin %r: %s", plugin.name, warning)
        self._listen(plugin)
        if plugin.is_idle:
            plugin.status = PluginStatus.ACTIVE

    def _listen(self, plugin: LoadedPlugin) -> None:
        for hook in plugin.hooks:
            known = self.listeners.get(hook, ())
            if plugin not in known:
                self.listeners[hook] = (*known, plugin)

    def _resolve_conflicts(self) -> None:
        """Withdraw every offer whose name more than one plugin uses."""
        claims: dict[tuple[str, str], list[LoadedPlugin]] = {}
        for plugin in self._plugins:
            for claim in plugin.offers:
                claims.setdefault(claim, []).append(plugin)
        for (kind, name), claimants in claims.items():
            if len(claimants) == 1 or (kind, name) in self._conflicts:
                self._withdraw(kind, name, claimants)
                continue
            names = ", ".join(sorted(f"{each.distribution or each.name} {each.version}".strip() for each in claimants))
            error = PluginConflict(name, f"is offered as {kind} more than once: {names}; {_BLOCK_REMEDY}")
            self._conflicts[kind, name] = error
            self._withdraw(kind, name, claimants)
            _log.warning("%s", error)

    def _withdraw(self, kind: str, name: str, claimants: Iterable[LoadedPlugin]) -> None:
        error = self._conflicts.get((kind, name))
        if error is None:
            return
        self._offers[kind].pop(name, None)
        for plugin in claimants:
            if plugin.status is not PluginStatus.CONFLICT:
                plugin.status = PluginStatus.CONFLICT
                plugin.error = str(error)
                plugin.record_event(plugin.error)


def _identity(instance: object) -> object:
    return instance
