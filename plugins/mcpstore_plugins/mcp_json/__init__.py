"""Configurations kept in a file: `mcp.json` and its relatives, JSON with comments, TOML, and YAML to read from."""

from __future__ import annotations

from collections.abc import Iterable

from mcpstore.hooks import Document, PersistenceBackend, hookimpl
from mcpstore_plugins.mcp_json.location import is_file

__all__ = ["mcpstore_persistence_backends"]


@hookimpl
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Return the one place this plugin offers: a file of the local machine."""
    yield PersistenceBackend(name="mcp_json", claims=is_file, open=_open)


def _open(location: str) -> Document:
    # late: listing the plugin must not cost what reading a file costs
    from mcpstore_plugins.mcp_json.document import FileDocument  # noqa: PLC0415

    return FileDocument(location)
