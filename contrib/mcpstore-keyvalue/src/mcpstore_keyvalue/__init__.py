"""Persistence backend `keyvalue`: a configuration as the value of one key in a key-value store.

Locations: `redis://host:6379/0?key=team`, `rediss://…`, `keyvalue+files:///var/lib/mcpstore?key=team` and
`keyvalue+memory://`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpstore.hooks import Document, PersistenceBackend, hookimpl

__all__ = ["mcpstore_persistence_backends"]

SCHEMES = ("redis://", "rediss://", "keyvalue+files://", "keyvalue+memory://")


def _is_ours(location: str) -> bool:
    return location.startswith(SCHEMES)


def _open(location: str) -> Document:
    # Imported here: the libraries of the stores take a while to load.
    from mcpstore_keyvalue.document import KeyValueDocument  # noqa: PLC0415

    return KeyValueDocument(location)


@hookimpl
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Return the backend."""
    yield PersistenceBackend(name="keyvalue", claims=_is_ours, open=_open)
