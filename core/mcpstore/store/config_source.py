"""Location of the configuration: by argument, by environment variable, or by default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from mcpstore.config.memory import MemoryDocument
from mcpstore.errors import ConfigError
from mcpstore.hooks.persistence import Content, Document, PersistenceBackend
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.redaction import masked_url
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginManager
from mcpstore.store.arguments import describe, is_path

__all__ = [
    "CONFIG_VARIABLE",
    "blocked_plugins",
    "default_location",
    "find_document",
    "is_missing",
    "monitoring_of",
    "open_document",
]

CONFIG_VARIABLE: Final = "MCPSTORE_CONFIG"
FILE_NAME: Final = "mcp.json"


def default_location() -> str:
    """Return the default location: $MCPSTORE_CONFIG, ./mcp.json, or the file in the user's configuration folder."""
    if stated := os.environ.get(CONFIG_VARIABLE):
        return stated
    if Path(FILE_NAME).is_file():
        return FILE_NAME
    from platformdirs import user_config_path  # noqa: PLC0415 - rarely needed

    return str(user_config_path("mcpstore") / FILE_NAME)


def find_document(config: Any, plugins: PluginManager) -> Document | None:
    """Return the document that holds a configuration, or None if no backend claims its location; nothing is read yet.

    Args:
        config: A path, the URL of a backend, a configuration as a dictionary, or None for the default location.
        plugins: The plugins whose backends may claim the location.

    Raises:
        ConfigError: The argument is none of these.
    """
    if isinstance(config, Mapping):
        return MemoryDocument(cast("Mapping[str, Any]", config))
    location = _location(config)
    backends: Mapping[str, PersistenceBackend] = plugins.offers("persistence backend")
    return next((backend.open(location) for backend in backends.values() if backend.claims(location)), None)


def open_document(config: Any, plugins: PluginManager) -> Document:
    """Return the document that holds a configuration; like `find_document`.

    Raises:
        ConfigError: The argument is of another type, or no backend claims the location.
    """
    document = find_document(config, plugins)
    if document is None:
        known = ", ".join(sorted(plugins.offers("persistence backend"))) or "none"
        shown = masked_url(_location(config))
        raise ConfigError(f"config: no persistence backend keeps {shown!r}; known backends: {known}")
    return document


def blocked_plugins(content: Content) -> list[str]:
    """Return the plugins that a configuration blocks: `{"mcpstore": {"block_plugins": [...]}}`."""
    settings = as_object(content.data.get("mcpstore")) or {}
    return [name for name in as_array(settings.get("block_plugins")) or () if isinstance(name, str)]


def monitoring_of(given: MonitoringConfig | Mapping[str, Any] | None, content: Content) -> MonitoringConfig:
    """Return the settings of monitoring: those of the argument, else those of the configuration, else the defaults.

    Args:
        given: The argument that the store was created with.
        content: The configuration, which may hold settings: `{"mcpstore": {"monitoring": {...}}}`.

    Raises:
        ConfigError: Some settings are wrong.
    """
    if isinstance(given, MonitoringConfig):
        return given
    where = "monitoring_config"
    settings: Any = given
    if settings is None:
        where = "mcpstore.monitoring"
        settings = (as_object(content.data.get("mcpstore")) or {}).get("monitoring") or {}
    if not isinstance(settings, Mapping):
        raise ConfigError(
            f"{where}: must be a MonitoringConfig or an object with its fields (got {type(settings).__name__})"
        )
    try:
        return MonitoringConfig(**cast("Mapping[str, Any]", settings))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def is_missing(config: Any) -> bool:
    """Return whether a configuration file was named that does not exist; the default file need not exist."""
    if isinstance(config, Mapping) or (config is None and not os.environ.get(CONFIG_VARIABLE)):
        return False
    location = _location(config)
    return "://" not in location and not Path(location).expanduser().exists()


def _location(config: Any) -> str:
    if config is None:
        return default_location()
    if not isinstance(config, str | os.PathLike) or not is_path(config):
        raise ConfigError(
            f"config: must be a path, a URL, a dictionary or None (got {describe(config)}); "
            "for example 'mcp.json' or {'mcpServers': {}}"
        )
    return os.fsdecode(cast("str | os.PathLike[str]", config))
