"""The plugins of one store: loaded when something of them is wanted, asked by hook, listed with what went wrong."""

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
"""Environment variable with the names of plugins (or of their distributions) not to be used, separated by commas."""

DISTRIBUTION: Final = "mcpstore-manager"
"""The distribution of the bundled plugins."""

ALL_THIRD_PARTY: Final = "*"
"""As a name to be blocked: every plugin that does not come with MCPStore."""

LOAD_LIMIT: Final = 30.0
"""Seconds the import of a plugin may take."""

_BLOCK_REMEDY: Final = f"block one with {BLOCK_VARIABLE}"

_log = logging.getLogger("mcpstore.plugins")


class PluginManager:
    """The plugins of one store.

    Args:
        block: Names of plugins, or of distributions, not to be used; "*" stands for all that are not bundled.
        plugins: Plugin objects to be used besides the installed ones, by name.
        entry_points: Where installed plugins are looked up; the environment by default.
        index: Remembers what plugins offer, so that they need not be imported to know it; None imports every plugin.
        specifications: The hooks there are.
        deprecated: Hooks and arguments ("hook:argument") that will go away, with what to do instead.

    Attributes:
        discretion: Hides secrets in what plugins say; whoever learns of some tells it.
        listeners: The plugins that implement each hook, by hook; read before every call.
    """

    def __init__(
        self,
        *,
        block: Iterable[str] = (),
        plugins: Mapping[str, object] | None = None,
        entry_points: Callable[[], Iterable[EntryPoint]] | None = None,
        index: PluginCache | None = None,
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
        self._cache = index
        self._inspect = partial(inspect_plugin, specifications=specifications, deprecated=deprecated)
        self._plugins: list[LoadedPlugin] = []
        self._offers: dict[str, dict[str, Any]] = {word: {} for word in PLUGIN_KINDS}
        self._conflicts: dict[tuple[str, str], PluginConflict] = {}
        self.listeners: dict[str, tuple[LoadedPlugin, ...]] = {}

    def block(self, names: Iterable[str]) -> None:
        """Block more plugins; those that are loaded already stay."""
        named = set(names)
        self._blocked |= named
        self._requested_blocks |= named

    def unknown_blocks(self) -> list[str]:
        """Return what there is to say of names that are to be blocked and that no plugin has, once all were found.

        The variable is left out: it is set for many programs, and not each of them has every plugin.
        """
        known = {name for guest in self._plugins for name in (guest.name, guest.distribution) if name}
        return [
            f"plugin {name!r} cannot be blocked: none is called so; {known_names('plugins', sorted(known), name)}"
            for name in sorted(self._requested_blocks - known - {ALL_THIRD_PARTY})
        ]

    def discover(self, *, bundled: bool | None = None) -> None:
        """Find every plugin that is not blocked, and load those of which nothing is remembered.

        Blocking; nothing a plugin does makes it fail.

        Args:
            bundled: Only those that come with MCPStore (True), only the others (False), or all.
        """
        found = discovery.find() if self._entry_points is None else discovery.find(self._entry_points)
        for candidate in found:
            if bundled is not None and bundled is not (candidate.distribution == DISTRIBUTION):
                continue
            target = candidate.entry_point.value
            guest = LoadedPlugin(candidate.name, candidate.distribution, candidate.version, target, self.secrets)
            if candidate.duplicates and not self._is_blocked(guest):
                told = ", ".join(candidate.duplicates)
                guest.disable(
                    PluginStatus.CONFLICT,
                    f"plugin {guest.name!r} is installed more than once: {told}; {_BLOCK_REMEDY}",
                )
            self._add(guest, partial(discovery.load, candidate), candidate)
        for name, plugin in self._plugin_objects.items() if not bundled else ():
            self._add(LoadedPlugin(name, redact=self.secrets), partial(_identity, plugin), None)
        self._resolve_conflicts()
        if self._cache is not None:
            self._cache.save()

    def load(self, family: str | None = None) -> None:
        """Import what is only remembered. Blocking.

        Args:
            family: Only plugins that offer something of this family; all of them if it is None.
        """
        for guest in self._plugins:
            if guest.load is not None and (family is None or any(word == family for word, _ in guest.offers)):
                guest.load()

    def list(self) -> NamedList[PluginInfo]:
        """Return every plugin that was found, used or not."""
        return NamedList(guest.info() for guest in self._plugins)

    def offers(self, family: str) -> Mapping[str, Any]:
        """Return what plugins offer of a family, by name."""
        self.load(family)
        return self._offers[family]

    def get_offer(self, family: str, name: str) -> Any:
        """Return the offer of this name. Blocking where its plugin has to be imported; see `obtain`.

        Raises:
            PluginConflict: Several plugins offer it.
            UnknownPlugin: Nobody offers it.
        """
        if not self._has(family, name):
            for guest in self._plugins:
                if (family, name) in guest.offers and guest.load is not None:
                    guest.load()
        if not self._has(family, name):
            self.load()  # what is remembered may be wrong: nobody is refused before everybody was asked
        if (conflict := self._conflicts.get((family, name))) is not None:
            raise conflict
        try:
            return self._offers[family][name]
        except KeyError:
            raise UnknownPlugin(family, name, list(self._offers[family]), self._unused_hint()) from None

    async def get_offer_async(self, family: str, name: str) -> Any:
        """Return the offer of this name; its plugin is imported in a thread, if it has to be.

        Raises:
            PluginConflict: Several plugins offer it.
            UnknownPlugin: Nobody offers it.
        """
        if not self._has(family, name) and any(guest.is_idle for guest in self._plugins):
            return await asyncio.to_thread(self.get_offer, family, name)
        return self.get_offer(family, name)

    def _unused_hint(self) -> str:
        """Return who might have offered more, as the end of a sentence."""
        unused = (PluginStatus.BLOCKED, PluginStatus.BROKEN, PluginStatus.CONFLICT)
        told = [f"{guest.name} ({guest.status.value})" for guest in self._plugins if guest.status in unused]
        return f"; not used: {', '.join(sorted(told))}; `mcpstore plugins` says why" if told else ""

    def record_fault(self, family: str, name: str, what: str) -> None:
        """Count a fault of something a plugin offers, so that whoever lists plugins sees whose it is.

        Args:
            family: The word of the family.
            name: The name of the offer.
            what: What it did.
        """
        for guest in self._plugins:
            if (family, name) in guest.offers:
                guest.record_fault(f"{family} {name!r} {what}")

    def has_hook(self, hook: str) -> bool:
        """Whether any plugin implements a hook; cheap enough to ask before every call."""
        return hook in self.listeners

    def notify(self, hook: str, **arguments: Any) -> None:
        """Tell every plugin that wants to know; returns at once. Must be called in the event loop."""
        for guest in self.listeners.get(hook, ()):
            guest.post(hook, arguments)

    async def decide(self, hook: str, **arguments: Any) -> Any:
        """Ask the plugins one after the other and return the first answer that is not None."""
        for guest in self.listeners.get(hook, ()):
            answer = await guest.call_hook(hook, arguments)
            if answer is not None:
                return answer
        return None

    async def flush(self) -> None:
        """Wait until every notice given so far has been delivered."""
        for guest in self._plugins:
            await guest.flush()

    async def close(self) -> None:
        """Deliver what is queued and let go of every plugin."""
        for guest in self._plugins:
            await guest.close()

    def _has(self, family: str, name: str) -> bool:
        return name in self._offers[family] or (family, name) in self._conflicts

    def _is_blocked(self, guest: LoadedPlugin) -> bool:
        if ALL_THIRD_PARTY in self._blocked and guest.distribution != DISTRIBUTION:
            return True
        return not self._blocked.isdisjoint({guest.name, guest.distribution} - {""})

    def _add(self, guest: LoadedPlugin, load: Callable[[], object], candidate: Candidate | None) -> None:
        """Take a plugin in: refused, remembered, or imported."""
        self._plugins.append(guest)
        if self._is_blocked(guest):
            guest.disable(PluginStatus.BLOCKED, "blocked on request")
            return
        if guest.status is not PluginStatus.ACTIVE:
            return
        card = self._cache.get(candidate) if self._cache is not None and candidate is not None else None
        if card is None:
            self._import_plugin(guest, load, candidate)
            return
        guest.status = PluginStatus.IDLE
        guest.hooks = dict.fromkeys(card.hooks)
        guest.offers = list(card.offers)
        guest.load = partial(self._load_deferred, guest, load, candidate)
        self._listen(guest)

    def _load_deferred(self, guest: LoadedPlugin, load: Callable[[], object], candidate: Candidate | None) -> None:
        with guest.load_lock:
            if not guest.is_idle:
                return
            before = (set(guest.hooks), set(guest.offers))
            self._import_plugin(guest, load, candidate)
            if before != (set(guest.hooks), set(guest.offers)):
                self._resolve_conflicts()
        if self._cache is not None:
            self._cache.save()

    def _import_plugin(self, guest: LoadedPlugin, load: Callable[[], object], candidate: Candidate | None) -> None:
        """Import one plugin and take down what it implements and offers."""
        began = time.perf_counter()  # told to people who ask; nothing depends on it
        try:
            plugin = run_with_timeout(load, LOAD_LIMIT, f"mcpstore-load-{guest.name}")
            received = self._inspect(guest.name, plugin, HOOK_LIMIT)
        except WorkerTimeout as error:
            guest.disable(PluginStatus.BROKEN, str(error))
        except PluginError as error:
            guest.disable(PluginStatus.BROKEN, str(error))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            guest.disable(PluginStatus.BROKEN, describe_error(error))
        else:
            guest.load_time = time.perf_counter() - began
            self._register(guest, received)
        if self._cache is not None and candidate is not None:
            is_sound = guest.status is PluginStatus.ACTIVE and not guest.warnings
            card = CachedPlugin(hooks=tuple(guest.hooks), offers=tuple(guest.offers))
            self._cache.put(candidate, card if is_sound else None)
        if guest.status is PluginStatus.BROKEN:
            _log.warning("plugin %r is not used: %s", guest.name, guest.error)

    def _register(self, guest: LoadedPlugin, received: PluginContents) -> None:
        guest.record_event(f"was imported in {guest.load_time * 1000:.0f} ms")
        guest.hooks = dict(received.hooks)
        guest.api, guest.warnings = received.api, received.warnings
        guest.offers = [(word, record.name) for word, records in received.offers.items() for record in records]
        for word, records in received.offers.items():
            for record in records:
                self._offers[word].setdefault(record.name, record)
        for warning in guest.warnings:
            guest.record_event(warning)
            _log.warning("plugin %r: %s", guest.name, warning)
        self._listen(guest)
        if guest.is_idle:
            guest.status = PluginStatus.ACTIVE

    def _listen(self, guest: LoadedPlugin) -> None:
        for hook in guest.hooks:
            known = self.listeners.get(hook, ())
            if guest not in known:
                self.listeners[hook] = (*known, guest)

    def _resolve_conflicts(self) -> None:
        """Take back every offer that more than one plugin makes."""
        claims: dict[tuple[str, str], list[LoadedPlugin]] = {}
        for guest in self._plugins:
            for claim in guest.offers:
                claims.setdefault(claim, []).append(guest)
        for (word, name), claimants in claims.items():
            if len(claimants) == 1 or (word, name) in self._conflicts:
                self._withdraw(word, name, claimants)
                continue
            told = ", ".join(sorted(f"{g.distribution or g.name} {g.version}".strip() for g in claimants))
            error = PluginConflict(name, f"is offered as {word} more than once: {told}; {_BLOCK_REMEDY}")
            self._conflicts[word, name] = error
            self._withdraw(word, name, claimants)
            _log.warning("%s", error)

    def _withdraw(self, word: str, name: str, claimants: Iterable[LoadedPlugin]) -> None:
        error = self._conflicts.get((word, name))
        if error is None:
            return
        self._offers[word].pop(name, None)
        for guest in claimants:
            if guest.status is not PluginStatus.CONFLICT:
                guest.status = PluginStatus.CONFLICT
                guest.error = str(error)
                guest.record_event(guest.error)


def _identity(plugin: object) -> object:
    return plugin
