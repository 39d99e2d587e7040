"""The plugins of one store: loaded once, asked by hook, listed with what went wrong."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any, Final, Protocol

import attrs
import pluggy

from mcpstore.core.models.record import Named
from mcpstore.errors import PluginConflict, UnknownPlugin
from mcpstore.hooks import (
    AlertHandler,
    Exporter,
    HealthStrategy,
    HistoryBackend,
    PersistenceBackend,
    RecoveryPolicy,
    Transport,
    specs,
)
from mcpstore.hooks.markers import PROJECT_NAME
from mcpstore.plugin_manager import discovery
from mcpstore.plugin_manager.guest import HOOK_LIMIT, Guest, story
from mcpstore.plugin_manager.listing import PluginInfo, PluginStatus
from mcpstore.plugin_manager.worker import TookTooLong, bounded

__all__ = ["ALL_STRANGERS", "BLOCK_VARIABLE", "DISTRIBUTION", "FAMILIES", "Family", "PluginManager"]

BLOCK_VARIABLE: Final = "MCPSTORE_BLOCK_PLUGINS"
"""Environment variable with the names of plugins (or of their distributions) not to be used, separated by commas."""

DISTRIBUTION: Final = "mcpstore-manager"
"""The distribution of the bundled plugins."""

ALL_STRANGERS: Final = "*"
"""As a name to be blocked: every plugin that does not come with MCPStore."""

LOAD_LIMIT: Final = 30.0
"""Seconds the import of a plugin may take."""

_log = logging.getLogger("mcpstore.plugins")


class Offer(Protocol):
    """A record that a plugin offers."""

    @property
    def name(self) -> str:
        """What configurations call it."""
        ...


@attrs.frozen
class Family:
    """One kind of offers.

    Attributes:
        word: What one of them is called.
        hook: The hook that returns them.
        record: What they are.
    """

    word: str
    hook: str
    record: type[Any]


FAMILIES: Final = {
    family.word: family
    for family in (
        Family("transport", "mcpstore_transports", Transport),
        Family("health strategy", "mcpstore_health_strategies", HealthStrategy),
        Family("alert handler", "mcpstore_alert_handlers", AlertHandler),
        Family("persistence backend", "mcpstore_persistence_backends", PersistenceBackend),
        Family("recovery policy", "mcpstore_recovery_policies", RecoveryPolicy),
        Family("exporter", "mcpstore_exporters", Exporter),
        Family("history backend", "mcpstore_history_backends", HistoryBackend),
    )
}


class PluginManager:
    """The plugins of one store.

    Args:
        block: Names of plugins, or of distributions, not to be used; "*" stands for all that are not bundled.
        plugins: Plugin objects to be used besides the installed ones, by name.
        entry_points: Where installed plugins are looked up; the environment by default.
    """

    def __init__(
        self,
        *,
        block: Iterable[str] = (),
        plugins: Mapping[str, object] | None = None,
        entry_points: Callable[[], Iterable[EntryPoint]] | None = None,
    ) -> None:
        self._blocked = {name.strip() for name in (*block, *os.environ.get(BLOCK_VARIABLE, "").split(","))} - {""}
        self._extra = dict(plugins or {})
        self._entry_points = entry_points
        self._guests: list[Guest] = []
        self._offers: dict[str, dict[str, Any]] = {word: {} for word in FAMILIES}
        self._conflicts: dict[tuple[str, str], PluginConflict] = {}
        self._listeners: dict[str, list[Guest]] = {}

    def block(self, names: Iterable[str]) -> None:
        """Block more plugins; those that are loaded already stay."""
        self._blocked.update(names)

    def load(self, *, bundled: bool | None = None) -> None:
        """Find and load every plugin that is not blocked. Blocking; nothing a plugin does makes it fail.

        Args:
            bundled: Only those that come with MCPStore (True), only the others (False), or all.
        """
        found = discovery.find() if self._entry_points is None else discovery.find(self._entry_points)
        for candidate in found:
            if bundled is not None and bundled is not (candidate.distribution == DISTRIBUTION):
                continue
            guest = Guest(candidate.name, candidate.distribution, candidate.version)
            self._guests.append(guest)
            if self._is_blocked(guest):
                guest.refuse(PluginStatus.BLOCKED, "blocked on request")
            elif candidate.twins:
                told = ", ".join(candidate.twins)
                guest.refuse(
                    PluginStatus.CONFLICT,
                    f"plugin {guest.name!r} is installed more than once: {told}; {_HOW_TO_BLOCK}",
                )
            else:
                self._receive(guest, partial(discovery.load, candidate))
        for name, plugin in self._extra.items() if not bundled else ():
            guest = Guest(name)
            self._guests.append(guest)
            if self._is_blocked(guest):
                guest.refuse(PluginStatus.BLOCKED, "blocked on request")
            else:
                self._receive(guest, partial(_itself, plugin))
        self._settle()

    def _is_blocked(self, guest: Guest) -> bool:
        if ALL_STRANGERS in self._blocked and guest.distribution != DISTRIBUTION:
            return True
        return not self._blocked.isdisjoint({guest.name, guest.distribution} - {""})

    def list(self) -> Named[PluginInfo]:
        """Return every plugin that was found, used or not."""
        return Named(guest.info() for guest in self._guests)

    def offers(self, family: str) -> Mapping[str, Any]:
        """Return what plugins offer of a family, by name."""
        return self._offers[family]

    def choose(self, family: str, name: str) -> Any:
        """Return the offer of this name.

        Raises:
            PluginConflict: Several plugins offer it.
            UnknownPlugin: Nobody offers it.
        """
        if (conflict := self._conflicts.get((family, name))) is not None:
            raise conflict
        try:
            return self._offers[family][name]
        except KeyError:
            raise UnknownPlugin(family, name, list(self._offers[family])) from None

    def listens(self, hook: str) -> bool:
        """Whether any plugin implements a hook; cheap enough to ask before every call."""
        return hook in self._listeners

    def notify(self, hook: str, **arguments: Any) -> None:
        """Tell every plugin that wants to know; returns at once. Must be called in the event loop."""
        for guest in self._listeners.get(hook, ()):
            guest.post(hook, arguments)

    async def decide(self, hook: str, **arguments: Any) -> Any:
        """Ask the plugins one after the other and return the first answer that is not None."""
        for guest in self._listeners.get(hook, ()):
            answer = await guest.ask(hook, arguments)
            if answer is not None:
                return answer
        return None

    async def flush(self) -> None:
        """Wait until every notice given so far has been delivered."""
        for guest in self._guests:
            await guest.flush()

    async def close(self) -> None:
        """Deliver what is queued and let go of every plugin."""
        for guest in self._guests:
            await guest.close()

    def _receive(self, guest: Guest, load: Callable[[], object]) -> None:
        """Load one plugin and take down what it implements and offers."""
        try:
            plugin = bounded(load, LOAD_LIMIT, f"mcpstore-load-{guest.name}")
            guest.hooks = _hooks(guest.name, plugin)
            offers = {word: self._collect(guest, family) for word, family in FAMILIES.items()}
        except TookTooLong as error:
            guest.refuse(PluginStatus.BROKEN, str(error))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            guest.refuse(PluginStatus.BROKEN, story(error))
        else:
            for word, records in offers.items():
                for record in records:
                    self._enter(word, record, guest)
            for hook in guest.hooks:
                self._listeners.setdefault(hook, []).append(guest)
            return
        _log.warning("plugin %r is not used: %s", guest.name, guest.error)

    def _collect(self, guest: Guest, family: Family) -> Sequence[Any]:
        if family.hook not in guest.hooks:
            return ()
        function, _ = guest.hooks[family.hook]
        # Consumed inside the guard: a generator raises only when somebody looks.
        records = bounded(lambda: list(function()), HOOK_LIMIT, f"mcpstore-offers-{guest.name}")
        for record in records:
            if not isinstance(record, family.record):
                wanted = family.record.__name__
                raise TypeError(f"{family.hook} must return {wanted} records, got {type(record).__name__}")
            if not record.name or not isinstance(record.name, str):
                raise TypeError(f"{family.hook} returned a record without a name: {record.name!r}")
        return records

    def _enter(self, word: str, record: Offer, guest: Guest) -> None:
        guest.offers.append(f"{word} {record.name}")
        self._offers[word].setdefault(record.name, record)

    def _settle(self) -> None:
        """Take back every offer that more than one plugin makes."""
        for word in FAMILIES:
            for name in list(self._offers[word]):
                claimants = [guest for guest in self._guests if f"{word} {name}" in guest.offers]
                if len(claimants) > 1:
                    told = ", ".join(sorted(f"{g.distribution or g.name} {g.version}".strip() for g in claimants))
                    error = PluginConflict(name, f"is offered as {word} more than once: {told}; {_HOW_TO_BLOCK}")
                    self._conflicts[word, name] = error
                    del self._offers[word][name]
                    for guest in claimants:
                        guest.status = PluginStatus.CONFLICT
                        guest.error = str(error)
                    _log.warning("%s", error)


def _itself(plugin: object) -> object:
    return plugin


_HOW_TO_BLOCK: Final = f"block one with {BLOCK_VARIABLE}"


def _hooks(name: str, plugin: object) -> dict[str, tuple[Callable[..., Any], tuple[str, ...]]]:
    """Return the hooks a plugin implements, checked against their specifications by pluggy."""
    if inspect.isclass(plugin):
        raise TypeError(f"the entry point must name a module or an instance, got the class {plugin.__name__}; add ()")
    manager = pluggy.PluginManager(PROJECT_NAME)  # one per plugin, so that a fault is blamed on the right one
    manager.add_hookspecs(specs)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise TypeError(" ".join(str(error).split())) from None
    found: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise TypeError(f"{caller.name} is a wrapper; hooks of {PROJECT_NAME} are called one by one")
            found[caller.name] = (implementation.function, tuple(implementation.argnames))
    return found
