"""History backend and exporters of a store, from its configuration and its plugins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from mcpstore.errors import ConfigError, PluginConflict, UnknownPlugin
from mcpstore.hooks.export import Exporter
from mcpstore.hooks.history import HistoryBackend, HistoryLocation, HistoryStore
from mcpstore.hooks.persistence import Content
from mcpstore.models.json_types import as_object
from mcpstore.models.service import Choice
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.exporters import ExporterSpec
from mcpstore.runtime.metrics_history import MetricsHistory
from mcpstore.runtime.validation import validated
from mcpstore.store.channel_secrets import secrets_of_channel
from mcpstore.store.state_dir import StateDir

__all__ = ["find_exporters", "find_history", "metrics_history_of"]

DEFAULT: Final = "sqlite_history"
DAY: Final = 86_400.0

_log = logging.getLogger("mcpstore.store")


def _choice(content: Content) -> Choice | None:
    """Return the history backend that a configuration names: `{"mcpstore": {"history": …}}`; None if it names none.

    Raises:
        ConfigError: The value is not a name, an object with a type, or false.
    """
    settings = as_object(content.data.get("mcpstore")) or {}
    history = settings.get("history", DEFAULT)
    if history is False or history is None:
        return None
    options = {"type": history} if isinstance(history, str) else as_object(history)
    name = None if options is None else options.get("type", DEFAULT)
    if options is None or not isinstance(name, str):
        raise ConfigError(
            f"mcpstore.history: must name a history backend, or be false (got {type(history).__name__}); "
            f'for example "{DEFAULT}" or {{"type": "{DEFAULT}"}}'
        )
    return Choice(name, {key: value for key, value in options.items() if key != "type"})


def find_history(plugins: PluginManager, content: Content) -> Callable[[HistoryLocation], HistoryStore] | None:
    """Return the function that opens the history of a store; None if the history is kept in memory only.

    Raises:
        ConfigError: The settings of history are wrong.
    """
    choice = _choice(content)
    backend = None if choice is None else _backend(plugins, choice.name)
    if choice is None or backend is None:
        return None
    try:
        options = validated(backend.config, dict(choice.options), backend.name)
    except ConfigError as error:
        raise ConfigError(f"mcpstore.history: {error}") from None
    return partial(_open, backend, options)


def metrics_history_of(
    open_history: Callable[[HistoryLocation], HistoryStore] | None,
    monitoring: MonitoringConfig,
    state: StateDir | None,
    clock: Clock,
    *,
    is_read_only: bool,
) -> MetricsHistory:
    """Return the metrics history of a store; nothing is opened yet.

    Args:
        open_history: Opens the history of the store in a folder.
        monitoring: The settings of monitoring.
        state: The state directory; without one, the history is kept in memory.
        clock: Time.
        is_read_only: Whether the history belongs to another manager.
    """
    size = monitoring.data_collection.metrics_buffer_size
    if open_history is None or state is None or not monitoring.enabled:
        return MetricsHistory(clock, size)
    place = HistoryLocation(
        folder=state.path, retention=monitoring.metrics_retention_days * DAY, is_read_only=is_read_only
    )
    return MetricsHistory(clock, size, partial(open_history, place), is_read_only=is_read_only)


def find_exporters(plugins: PluginManager, content: Content) -> list[ExporterSpec]:
    """Return the exporters that a configuration names: `{"mcpstore": {"exporters": {"prometheus": {…}}}}`.

    Raises:
        ConfigError: The settings of an exporter are wrong.
    """
    value = (as_object(content.data.get("mcpstore")) or {}).get("exporters", {})
    wanted = as_object(value)
    if wanted is None:
        raise ConfigError(
            f"mcpstore.exporters: must be an object of exporters by name (got {type(value).__name__}); "
            'for example {"prometheus": {"port": 9464}}'
        )
    exporters: list[ExporterSpec] = []
    for name, given in wanted.items():
        if given is False:
            continue
        settings: Mapping[str, Any] | None = dict[str, Any]() if given is True else as_object(given)
        if settings is None:
            raise ConfigError(
                f"mcpstore.exporters.{name}: must be its settings, true or false (got {type(given).__name__})"
            )
        try:
            exporter: Exporter[Any] = plugins.get_offer("exporter", name)
            plugins.secrets.add_values(f"exporter {name}", secrets_of_channel(settings))
            exporters.append(ExporterSpec(exporter, validated(exporter.config, dict(settings), name), plugins.secrets))
        except (UnknownPlugin, PluginConflict) as error:
            _log.warning("exporter %r cannot be used: %s", name, error)
        except ConfigError as error:
            raise ConfigError(f"mcpstore.exporters.{name}: {error}") from None
    return exporters


def _open(backend: HistoryBackend[Any], options: Any, place: HistoryLocation) -> HistoryStore:
    return backend.open(place, options)


def _backend(plugins: PluginManager, name: str) -> HistoryBackend[Any] | None:
    try:
        backend: HistoryBackend[Any] = plugins.get_offer("history backend", name)
    except (UnknownPlugin, PluginConflict) as error:
        # The default backend may be blocked intentionally; any other was named in the configuration.
        _log.log(logging.DEBUG if name == DEFAULT else logging.WARNING, "history is kept in memory only: %s", error)
        return None
    return backend
