"""What stands behind every view of one store: configuration, plugins, services, and how they follow each other."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from mcpstore.config.expansion import Surroundings, expand, workspace_of
from mcpstore.config.memory import MemoryDocument
from mcpstore.config.reader import ParsedConfig
from mcpstore.core.registry import Registry
from mcpstore.errors import ConfigError, DependencyCycle, StoreClosed
from mcpstore.hooks.persistence import Document, Edit, Problem
from mcpstore.models.redaction import Redactor
from mcpstore.models.service import ServiceSpec
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginIndex, PluginManager
from mcpstore.runtime.alerting import AlertEngine
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.exporters import ExporterTasks
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.runtime.pinning import PinFiles, PinRegistry
from mcpstore.runtime.runner_services import Prepared
from mcpstore.runtime.supervisor import Supervisor
from mcpstore.store.alert_setup import alarm_of
from mcpstore.store.config_source import blocked_plugins, find_document, is_missing, open_document
from mcpstore.store.config_store import ConfigStore, Difference
from mcpstore.store.history_setup import archive_of, find_exporters, find_history
from mcpstore.store.monitoring_setup import MonitoringSetup
from mcpstore.store.orphans import reap_lost
from mcpstore.store.snapshots import snapshot
from mcpstore.store.state_dir import StateDir, default_state_dir

__all__ = ["StoreManager"]

PERSISTENCE: Final = "persistence backend"

LOOKUP_LIMIT: Final = 10.0
"""Seconds plugins have to say what a variable stands for."""

_log = logging.getLogger("mcpstore.store")


class StoreManager:
    """One store, without a face.

    Args:
        config: Where the configuration is; see `MCPStore`.
        state_dir: Where the store keeps what may be forgotten.
        block_plugins: Names of plugins not to be used.
        plugins: Plugin objects to be used besides the installed ones, by name.
        start: Whether enabled services are started.
        timing: How long everything takes.
        clock: Time and chance.
        monitoring: How services are watched and who is told; what the configuration says if it is None.

    Attributes:
        registry: What is known of every service.
        plugins: The plugins.
        book: The configuration.
        supervisor: The services.
        state: The state directory, if there is one.
        attention: How services are watched and who is told.
        metering: What is measured of them.
        alarm: What people are told of them.
    """

    alarm: AlertEngine
    book: ConfigStore
    metering: MetricsCollector
    supervisor: Supervisor

    def __init__(
        self,
        config: Any = None,
        *,
        state_dir: str | os.PathLike[str] | None = None,
        block_plugins: Iterable[str] = (),
        plugins: Mapping[str, object] | None = None,
        start: bool = True,
        timing: Timing = DEFAULT_TIMING,
        clock: Clock | None = None,
        monitoring: MonitoringConfig | Mapping[str, Any] | None = None,
    ) -> None:
        self.registry: Registry = Registry()
        self.plugins: PluginManager = PluginManager(block=block_plugins, plugins=plugins, index=PluginIndex())
        self.state: StateDir | None = None
        self._config = config
        self._state_dir = state_dir
        self._starts = start
        self._clock = clock or Clock()
        self.attention: MonitoringSetup = MonitoringSetup(monitoring, timing, self.plugins)
        self._watching: asyncio.Task[None] | None = None
        self._rereading: asyncio.Task[None] | None = None
        self._exports = ExporterTasks()
        self._reconciling = asyncio.Lock()
        self._cycle: DependencyCycle | None = None
        self._is_open = False
        self._closing: asyncio.Task[list[str]] | None = None

    # --- opening and closing

    async def open(self) -> None:
        """Load plugins and configuration, and begin to start the services.

        Raises:
            ConfigError: The configuration cannot be read; nothing was started and nothing was written.
        """
        try:
            document = await self._load()
            lines, rules = await self.attention.open(self.book.reading)
            open_history = await asyncio.to_thread(find_history, self.plugins, self.book.reading.content)
            exporters = find_exporters(self.plugins, self.book.reading.content)
        except ConfigError:
            await self.plugins.close()
            raise
        if self._state_dir is not None or not isinstance(document, MemoryDocument):
            wanted = Path(self._state_dir) if self._state_dir is not None else default_state_dir(document.location)
            self.state = await asyncio.to_thread(_open_state, StateDir(wanted, passing=not self._starts))
        traces = OwnershipLog(self.state.home, self.state.traces) if self.state else OwnershipLog()
        if self.state and self.state.is_owner:
            await reap_lost(self.plugins, traces)
        eras = await asyncio.to_thread(self.state.read_eras) if self.state else {}
        archive = archive_of(open_history, self.monitoring, self.state, self._clock, is_read_only=not self._starts)
        disk = str(self.state.path) if self.state else "/"
        self.metering = MetricsCollector(self.registry, self.monitoring, self._clock, archive, disk_path=disk)
        self.supervisor = Supervisor(
            self.registry,
            self.plugins,
            self.prepare,
            clock=self._clock,
            timing=self.attention.timing,
            limits=self.attention.limits,
            eras=eras,
            reread=self._reread_soon,
            witness=self.metering,
            traces=traces,
            pinboard=await self._open_pins(document),
        )
        self.metering.open(self.supervisor)
        self.alarm = alarm_of(lines, rules, self.plugins, self.monitoring, self.state, self._clock)
        await self.alarm.open(self.supervisor, self.metering, is_passive=not self._starts)
        self._exports.open(exporters if self._starts else [], self.supervisor, self.metering)
        self._is_open = True
        await self.reconcile()
        self._watching = asyncio.create_task(self._watch(), name="mcpstore-watch-config")

    async def _open_pins(self, document: Document) -> PinRegistry:
        """Return where it is kept how tools were approved; the owner removes what is of no use any more."""
        state = self.state
        board = PinRegistry(self._clock, None if state is None else PinFiles(state.pins), tells=self._starts)
        if state is not None and state.is_owner:
            # services of a configuration in memory may be added later on
            await board.tidy(None if isinstance(document, MemoryDocument) else self.book.reading.places)
        return board

    async def _load(self) -> Document:
        """Load plugins and configuration.

        Bundled plugins come first: they can read nearly every configuration, and it may block some of the others.
        """
        await asyncio.to_thread(self.plugins.discover, bundled=True)
        await asyncio.to_thread(self.plugins.load, PERSISTENCE)
        document = find_document(self._config, self.plugins)
        if document is not None:
            self.book = ConfigStore(document, project=os.getcwd())  # noqa: PTH109 - as the configuration writes folders
            await self.book.load()
            self.plugins.block(blocked_plugins(self.book.reading.content))
        await asyncio.to_thread(self.plugins.discover, bundled=False)
        if document is None:
            await asyncio.to_thread(self.plugins.load, PERSISTENCE)
            document = open_document(self._config, self.plugins)
            self.book = ConfigStore(document, project=os.getcwd())  # noqa: PTH109
            await self.book.load()
        if await asyncio.to_thread(is_missing, self._config):
            _log.warning("%s is not there; it is made as soon as a service is added", self.book.location)
        for told in self.plugins.blocked_in_vain():
            _log.warning("%s", told)
        return document

    async def close(self, *, force: bool = False) -> list[str]:
        """Stop every service and let go of everything; returns the services of which something may be left.

        Closing twice waits for the first close; with `force` it makes it impatient.
        """
        if self._closing is None:
            if not self._is_open:
                return []
            self._is_open = False
            self._closing = asyncio.create_task(self._close(force=force), name="mcpstore-close")
        elif force and not self._closing.done():
            self.supervisor.force()
        return await asyncio.shield(self._closing)

    def check_open(self) -> None:
        """Make sure that the store is open.

        Raises:
            StoreClosed: It is not.
        """
        if not self._is_open:
            raise StoreClosed("the store is closed; open a new one")

    async def _close(self, *, force: bool) -> list[str]:
        followers = [task for task in (self._watching, self._rereading) if task is not None]
        for task in followers:
            task.cancel()
        if followers:
            await asyncio.wait(followers)
        await self._exports.close()
        await self.alarm.close()  # before anything is stopped: that this store ends is no end of any trouble
        left = await self.supervisor.shutdown(force=force)
        for name in left:
            _log.error("something of service %r may still be running", name)
        await self.supervisor.pinboard.close()
        await self.metering.close()
        await self.plugins.close()
        if self.state is not None:
            await asyncio.to_thread(self.state.write_eras, self.supervisor.eras)
            await asyncio.to_thread(self.state.close)
        return left

    # --- configuration

    @property
    def keeps_objects(self) -> bool:
        """Whether the configuration may hold Python objects, because it is never written anywhere."""
        return self.book.location == "memory"

    @property
    def watches(self) -> bool:
        """Whether it looks after its services, and does not only look at what is written of them."""
        return self._starts or any(not runner.is_parked for runner in self.supervisor.runners())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything odd about the configuration."""
        odd = (*self.book.problems, *self.attention.problems)
        if self._cycle is None:
            return odd
        return (Problem(where=self.book.location, what=str(self._cycle)), *odd)

    @property
    def monitoring(self) -> MonitoringConfig:
        """How services are watched and who is told."""
        return self.attention.config

    async def edit(self, make: Callable[[ParsedConfig], Sequence[Edit]]) -> None:
        """Change the configuration and let the services follow.

        Raises:
            ConfigError: It cannot be written; nothing was changed.
        """
        await self.book.edit(make)
        await self.reconcile()

    async def reconcile(self) -> None:
        """Let the services follow the configuration."""
        async with self._reconciling:
            known = {spec.name: spec for spec in self.registry.specs()}
            difference = self.book.difference(known)
            self._note_cycle(difference)
            for name, spec in self.book.reading.specs.items():
                if name in known and spec == known[name]:
                    self.registry.put(spec)  # its meaning is the same, its entry may not be
            for spec in difference.added:
                self._keep_secrets(spec)
                self.supervisor.add(spec)
                self._tell("mcpstore_service_added", spec.name)
            stopped = [self.supervisor.stop(spec.name) for spec in difference.changed if self._update(spec, known)]
            removed = [self._remove(name) for name in difference.removed]
            if self._starts:
                fresh = [s for s in difference.changed if s.enabled and not known[s.name].enabled]
                self.supervisor.start_in_order(s.name for s in (*difference.added, *fresh) if s.enabled)
            await asyncio.gather(*stopped, *removed)
            await self.attention.follow(self.book.reading, self.supervisor, self.metering, self.alarm)

    async def reread(self) -> None:
        """Read the configuration again and let the services follow; one that cannot be read changes nothing."""
        try:
            await self.book.reread()
        except ConfigError as error:
            _log.warning("%s; the services go on as they are", error)
        else:
            await self.reconcile()

    def _reread_soon(self) -> None:
        if self._is_open and (self._rereading is None or self._rereading.done()):
            self._rereading = asyncio.create_task(self.reread(), name="mcpstore-reread-config")

    def _update(self, spec: ServiceSpec, known: Mapping[str, ServiceSpec]) -> bool:
        """Give a service its new specification; returns whether it is to be stopped now."""
        self._keep_secrets(spec)
        self.supervisor.update(spec)
        self._tell("mcpstore_service_updated", spec.name)
        return known[spec.name].enabled and not spec.enabled

    async def _remove(self, name: str) -> None:
        await self.supervisor.remove(name)
        self.plugins.discretion.forget(name)
        self.plugins.notify("mcpstore_service_removed", name=name)

    def _keep_secrets(self, spec: ServiceSpec) -> None:
        """Have the secrets of a service hidden in what plugins say, who may look at its entry before it is opened."""
        self.plugins.discretion.add_entries(spec.name, spec.settings, spec.entry)

    def _tell(self, hook: str, name: str) -> None:
        if self.plugins.listens(hook):
            runner = self.supervisor.runner(name)
            self.plugins.notify(hook, service=snapshot(runner, self.registry.catalog(name), as_run_status=True))

    def _note_cycle(self, difference: Difference) -> None:
        try:
            self.registry.check_dependencies(*difference.added, *difference.changed)
            self._cycle = None
        except DependencyCycle as error:
            self._cycle = error

    async def _watch(self) -> None:
        async for _ in self.book.changes():
            await self.reconcile()

    # --- opening a service

    async def prepare(self, spec: ServiceSpec) -> Prepared:
        """Expand the variables of a service, in a thread, because files may have to be read."""
        expanded = await asyncio.to_thread(expand, spec, self._surroundings(spec, asyncio.get_running_loop()))
        self.plugins.discretion.add_values(spec.name, expanded.secrets)
        return Prepared(settings=expanded.settings, redact=Redactor(expanded.secrets))

    def _surroundings(self, spec: ServiceSpec, loop: asyncio.AbstractEventLoop) -> Surroundings:
        def lookup(name: str) -> str | None:
            if not self.plugins.listens("mcpstore_expand_variable"):
                return None
            asked = self.plugins.decide("mcpstore_expand_variable", name=name, service=spec.name)
            answer: Future[Any] = asyncio.run_coroutine_threadsafe(asked, loop)
            value = answer.result(LOOKUP_LIMIT)
            return value if isinstance(value, str) else None

        inputs = self.book.reading.inputs
        if self.keeps_objects:
            return Surroundings(inputs=inputs, lookup=lookup)
        location = Path(self.book.location).expanduser().absolute()
        return Surroundings(
            inputs=inputs, lookup=lookup, workspace=str(workspace_of(location)), folder=str(location.parent)
        )


def _open_state(state: StateDir) -> StateDir | None:
    try:
        state.open()
    except OSError as error:
        _log.warning("%s cannot be used (%s); the store goes on without", state.path, error.strerror)
        return None
    return state
