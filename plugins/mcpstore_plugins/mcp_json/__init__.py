"""Persistence backend `mcp_json`: a configuration in a file, as JSON (also with comments), TOML, or read-only YAML."""

from __future__ import annotations

from collections.abc import Iterable

from mcpstore.hooks import Document, PersistenceBackend, hookimpl
from mcpstore_plugins.mcp_json.location import is_file

__all__ = ["mcpstore_persistence_backends"]


@hookimpl
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Return the backend."""
    yield PersistenceBackend(name="mcp_json", claims=is_file, open=_open)


def _open(location: str) -> Document:
    # Imported here: listing the plugin does not need the parsers.
    from mcpstore_plugins.mcp_json.document import FileDocument  # noqa: PLC0415

    return FileDocument(location)
