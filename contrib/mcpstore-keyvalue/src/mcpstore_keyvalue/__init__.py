"""Configurations in key-value stores: one key holds the whole document.

`redis://host:6379/0?key=team` (and `rediss://`), `keyvalue+files:///var/lib/mcpstore?key=team`, `keyvalue+memory://`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpstore.hooks import Document, PersistenceBackend, hookimpl

__all__ = ["mcpstore_persistence_backends"]

SCHEMES = ("redis://", "rediss://", "keyvalue+files://", "keyvalue+memory://")


def _is_ours(location: str) -> bool:
    return location.startswith(SCHEMES)


def _open(location: str) -> Document:
    # late: key-value stores take a while to load, and most configurations are files
    from mcpstore_keyvalue.document import KeyValueDocument  # noqa: PLC0415

    return KeyValueDocument(location)


@hookimpl
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Offer the backend."""
    yield PersistenceBackend(name="keyvalue", claims=_is_ours, open=_open)
