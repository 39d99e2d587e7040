"""Where a store finds its configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from mcpstore.config.memory import MemoryDocument
from mcpstore.core.models.secret import clean_url
from mcpstore.errors import ConfigError
from mcpstore.hooks.persistence import Document, PersistenceBackend
from mcpstore.plugin_manager import PluginManager

__all__ = ["CONFIG_VARIABLE", "default_location", "open_document"]

CONFIG_VARIABLE: Final = "MCPSTORE_CONFIG"
FILE_NAME: Final = "mcp.json"


def default_location() -> str:
    """Return where the configuration is when nobody says: $MCPSTORE_CONFIG, ./mcp.json, or the user's own."""
    if stated := os.environ.get(CONFIG_VARIABLE):
        return stated
    if Path(FILE_NAME).is_file():
        return FILE_NAME
    from platformdirs import user_config_path  # noqa: PLC0415 - only where nothing is said

    return str(user_config_path("mcpstore") / FILE_NAME)


def open_document(config: Any, plugins: PluginManager) -> Document:
    """Return the document that holds a configuration; nothing is read yet.

    Args:
        config: A path, the URL of a backend, a configuration as a dictionary, or None for the default place.
        plugins: The plugins whose backends may claim it.

    Raises:
        ConfigError: It is none of these, or no backend keeps such a place.
    """
    if isinstance(config, Mapping):
        return MemoryDocument(cast("Mapping[str, Any]", config))
    if config is None:
        config = default_location()
    if not isinstance(config, str | os.PathLike):
        raise ConfigError(
            f"config: must be a path, a URL, a dictionary or None (got {type(config).__name__}); "
            "for example 'mcp.json' or {'mcpServers': {}}"
        )
    location = os.fsdecode(cast("str | os.PathLike[str]", config))
    backends: Mapping[str, PersistenceBackend] = plugins.offers("persistence backend")
    claimants = [name for name, backend in backends.items() if backend.claims(location)]
    if not claimants:
        known = ", ".join(sorted(backends)) or "none"
        raise ConfigError(f"config: no persistence backend keeps {clean_url(location)!r}; known backends: {known}")
    return backends[claimants[0]].open(location)
