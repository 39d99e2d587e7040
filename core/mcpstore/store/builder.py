"""Builds the parts of a store: the configuration first, then everything that depends on it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from mcpstore.config.memory import MemoryDocument
from mcpstore.core.registry import Registry
from mcpstore.errors import ConfigError
from mcpstore.hooks.persistence import Document
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginCache, PluginManager
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.exporters import ExporterTasks
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.runtime.pinning import PinRegistry
from mcpstore.runtime.supervisor import Supervisor
from mcpstore.store.alert_setup import alert_engine_of
from mcpstore.store.approvals_dir import open_approvals
from mcpstore.store.config_source import blocked_plugins, find_document, is_missing, open_document
from mcpstore.store.config_store import ConfigStore
from mcpstore.store.history_setup import find_exporters, find_history, metrics_history_of
from mcpstore.store.monitoring_setup import MonitoringSetup
from mcpstore.store.orphans import reap_lost
from mcpstore.store.parts import StoreParts
from mcpstore.store.reconciler import Reconciler
from mcpstore.store.service_preparation import ServicePreparation
from mcpstore.store.state_dir import StateDir, default_state_dir

__all__ = ["StoreOptions", "build"]

PERSISTENCE: Final = "persistence backend"

_log = logging.getLogger("mcpstore.store")


@attrs.frozen(kw_only=True)
class StoreOptions:
    """The arguments that a store was created with; see `AsyncMCPStore`."""

    config: Any = None
    monitoring: MonitoringConfig | Mapping[str, Any] | None = None
    state_dir: str | os.PathLike[str] | None = None
    block_plugins: Iterable[str] = ()
    plugins: Mapping[str, object] | None = None
    start: bool = True
    timing: Timing = DEFAULT_TIMING
    clock: Clock = attrs.field(factory=Clock)


async def build(options: StoreOptions) -> StoreParts:
    """Load the plugins and the configuration, and return the parts of the store; no service is started yet.

    Raises:
        ConfigError: The configuration cannot be read; nothing was started and nothing was written.
    """
    plugins = PluginManager(block=options.block_plugins, plugins=options.plugins, cache=PluginCache())
    monitoring_setup = MonitoringSetup(options.monitoring, options.timing, plugins)
    try:
        document, config_store = await _load(options.config, plugins)
        channels, rules = await monitoring_setup.open(config_store.reading)
        open_history = await asyncio.to_thread(find_history, plugins, config_store.reading.content)
        exporters = find_exporters(plugins, config_store.reading.content)
    except ConfigError:
        await plugins.close()
        raise
    clock, registry, monitoring = options.clock, Registry(), monitoring_setup.config
    state_dir = await _state_dir(options, document)
    ownership = OwnershipLog(state_dir.home, state_dir.traces) if state_dir else OwnershipLog()
    if state_dir and state_dir.is_owner:
        await reap_lost(plugins, ownership)
    history = metrics_history_of(open_history, monitoring, state_dir, clock, is_read_only=not options.start)
    disk_path = str(state_dir.path) if state_dir else "/"
    collector = MetricsCollector(registry, monitoring, clock, history, disk_path=disk_path)
    preparation = ServicePreparation(plugins, config_store)
    supervisor = Supervisor(
        registry,
        plugins,
        preparation.prepare,
        clock=clock,
        timing=monitoring_setup.timing,
        limits=monitoring_setup.limits,
        eras=await asyncio.to_thread(state_dir.read_eras) if state_dir else {},
        reread=lambda: parts.reconciler.reread_soon(),  # noqa: PLW0108 - built below
        traces=ownership,
        pinboard=await _pins(options, state_dir, document, config_store),
    )
    collector.open(supervisor)
    alert_engine = alert_engine_of(channels, rules, plugins, monitoring, state_dir, clock)
    await alert_engine.open(supervisor, collector, is_passive=not options.start)
    tasks = ExporterTasks()
    tasks.open(exporters if options.start else [], supervisor, collector)
    parts = StoreParts(
        registry=registry,
        plugins=plugins,
        config_store=config_store,
        preparation=preparation,
        state_dir=state_dir,
        supervisor=supervisor,
        reconciler=Reconciler(
            config_store,
            registry,
            supervisor,
            plugins,
            lambda reading: monitoring_setup.follow(reading, supervisor, collector, alert_engine),
            starts=options.start,
        ),
        monitoring_setup=monitoring_setup,
        collector=collector,
        alert_engine=alert_engine,
        exporters=tasks,
        starts=options.start,
    )
    return parts


async def _load(config: Any, plugins: PluginManager) -> tuple[Document, ConfigStore]:
    """Load the plugins and the configuration.

    The bundled plugins are loaded first: they can read nearly every configuration, and the configuration may block
    third-party plugins.
    """
    project = os.getcwd()  # noqa: PTH109 - configurations spell folders in this way
    await asyncio.to_thread(plugins.discover, bundled=True)
    await asyncio.to_thread(plugins.load, PERSISTENCE)
    document = find_document(config, plugins)
    if document is not None:
        config_store = ConfigStore(document, project=project)
        await config_store.load()
        plugins.block(blocked_plugins(config_store.reading.content))
        await asyncio.to_thread(plugins.discover, bundled=False)
    else:
        await asyncio.to_thread(plugins.discover, bundled=False)
        await asyncio.to_thread(plugins.load, PERSISTENCE)
        document = open_document(config, plugins)
        config_store = ConfigStore(document, project=project)
        await config_store.load()
    if await asyncio.to_thread(is_missing, config):
        _log.warning("%s does not exist; it is created when a service is added", config_store.location)
    for warning in plugins.unknown_blocks():
        _log.warning("%s", warning)
    return document, config_store


async def _state_dir(options: StoreOptions, document: Document) -> StateDir | None:
    """Return the state directory, opened; None for a configuration in memory, or if the directory cannot be used."""
    if options.state_dir is not None:
        path = Path(options.state_dir)
    elif isinstance(document, MemoryDocument):
        return None
    else:
        path = default_state_dir(document.location)
    state_dir = StateDir(path, passing=not options.start)
    try:
        await asyncio.to_thread(state_dir.open)
    except OSError as error:
        _log.warning("%s cannot be used (%s); the store continues without a state directory", path, error.strerror)
        return None
    return state_dir


async def _pins(
    options: StoreOptions, state_dir: StateDir | None, document: Document, config_store: ConfigStore
) -> PinRegistry:
    """Return the registry of approved tool definitions; the owner of the state directory removes obsolete ones."""
    files = None
    if state_dir is not None:
        location = None if isinstance(document, MemoryDocument) else document.location
        files = await asyncio.to_thread(open_approvals, location, state_dir)
    registry = PinRegistry(options.clock, files, reports=options.start)
    if state_dir is not None and state_dir.is_owner:
        # Services of a configuration in memory may be added later.
        await registry.tidy(None if isinstance(document, MemoryDocument) else config_store.reading.locations)
    return registry
