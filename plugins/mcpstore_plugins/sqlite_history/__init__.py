"""History backend `sqlite_history`: one SQLite file in the state directory, written in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from mcpstore.hooks import HistoryBackend, HistoryLocation, HistoryStore, hookimpl

__all__ = ["SqliteOptions", "mcpstore_history_backends"]


class SqliteOptions(BaseModel):
    """`sqlite_history` has no options."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@hookimpl
def mcpstore_history_backends() -> Iterable[HistoryBackend[SqliteOptions]]:
    """Return the backend."""
    yield HistoryBackend(name="sqlite_history", config=SqliteOptions, open=_open)


def _open(place: HistoryLocation, _options: SqliteOptions) -> HistoryStore:
    # Imported here: a store without history does not load SQLite.
    from mcpstore_plugins.sqlite_history.database import SqliteHistory  # noqa: PLC0415

    return SqliteHistory(place)
