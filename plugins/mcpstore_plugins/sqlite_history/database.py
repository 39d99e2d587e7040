"""SQLite database of the history; a damaged file is moved aside and replaced by a new one."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from mcpstore.hooks import HistoryBatch, HistoryLocation, HistoryQuery
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.state_history import StateEdge
from mcpstore_plugins.sqlite_history import functions, schema, statements
from mcpstore_plugins.sqlite_history.schema import HOUR

__all__ = ["FILE", "SqliteHistory"]

FILE: Final = "history.db"
BROKEN: Final = "history.db.broken"
"""Name of a damaged file that was moved aside; an earlier one is overwritten."""

BUSY_TIMEOUT: Final = 2.0
"""Seconds to wait for the lock of another process, such as a backup or a database browser."""

PURGE_INTERVAL: Final = 3600.0
"""Seconds between two purges of old records."""

MAX_FORMER_SERVICES: Final = 10_000
"""Number of services whose last state is kept although all their other records have been purged."""

DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

T = TypeVar("T")

_log = logging.getLogger("mcpstore.plugins.sqlite_history")


class SqliteHistory:
    """History in a SQLite file.

    Args:
        place: Folder and retention of the history.

    Raises:
        OSError: The file does not exist and may not be created.
        sqlite3.Error: The file cannot be opened.
    """

    def __init__(self, place: HistoryLocation) -> None:
        self._place = place
        self._path = place.folder / FILE
        self._purged = float("-inf")
        self._ids: dict[str, int] = {}
        self._db = self._with_repair(self._open)

    def write(self, batch: HistoryBatch) -> None:
        """Write a batch in one transaction."""
        if not self._path.exists():  # the file was deleted; records written to it would be lost
            self._db.close()
            self._ids = {}
            self._db = self._with_repair(self._open)
        self._with_repair(lambda: self._write(batch))
        if batch.now - self._purged >= PURGE_INTERVAL:
            self._purged = batch.now
            self._purge(batch.now - self._place.retention)

    def samples(self, query: HistoryQuery) -> Sequence[MetricsSample]:
        """Return samples, by service and time."""
        step = round(query.step * 1000)
        table = "hours" if step >= HOUR and step % HOUR == 0 else "samples"
        statement = statements.MERGED if step and (table, step) != ("hours", HOUR) else statements.PLAIN
        rows = self._with_repair(lambda: self._select(statement, query, table=table, step=step))
        names = self._names()
        if query.service is None:
            rows.sort(key=lambda row: names[row[0]])  # the sort is stable, so the rows of a service stay in time order
        return [schema.sample_of(row, names) for row in rows]

    def edges(self, query: HistoryQuery) -> Sequence[StateEdge]:
        """Return edges, by service and time: those of the interval, and for each service the last one before it."""
        rows = self._with_repair(
            lambda: [*self._select(statements.LAST_EDGES, query), *self._select(statements.SOME_EDGES, query)]
        )
        names = self._names()
        rows.sort(key=lambda row: (names[row[0]], row[1], row[-1]))
        return [schema.edge_of(row[1:-1], names[row[0]]) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- helpers

    def _open(self) -> sqlite3.Connection:
        is_new = not self._path.exists()
        if is_new and self._place.is_read_only:
            raise FileNotFoundError(f"history {self._path} does not exist yet")
        mode = "ro" if self._place.is_read_only else "rwc"
        db = self._connect(f"{self._path.absolute().as_uri()}?mode={mode}")
        try:
            if self._place.is_read_only:
                self._check_version(db)
            else:
                self._prepare(db, is_new=is_new)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection, *, is_new: bool) -> None:
        if is_new:
            self._path.chmod(0o600)
        db.execute("PRAGMA journal_mode = WAL")
        # A crash of the machine may lose the last batches, but does not damage the file.
        db.execute("PRAGMA synchronous = NORMAL")
        self._check_version(db)
        while (upgrade := schema.UPGRADES.get(version := self._version(db))) is not None:
            db.executescript(f"BEGIN IMMEDIATE; {upgrade} PRAGMA user_version = {version + 1}; COMMIT;")
        db.executescript(schema.SCHEMA)

    def _check_version(self, db: sqlite3.Connection) -> None:
        version = self._version(db)
        if version > schema.VERSION:
            raise sqlite3.NotSupportedError(
                f"history {self._path} was written by a newer version of MCPStore (schema {version}); upgrade MCPStore"
            )
        if not self._place.is_read_only:
            return
        if (view := schema.READ_ONLY_VIEWS.get(version)) is not None:
            db.execute(view)
        elif 0 < version < schema.VERSION:
            raise sqlite3.NotSupportedError(
                f"history {self._path} was written by an older version of MCPStore (schema {version}); "
                "start the manager once to upgrade it"
            )

    @staticmethod
    def _version(db: sqlite3.Connection) -> int:
        return int(db.execute("PRAGMA user_version").fetchone()[0])

    def _connect(self, uri: str) -> sqlite3.Connection:
        # Calls come from one thread at a time, but not always from the one that opened the file.
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        functions.install(db)
        return db

    def _write(self, batch: HistoryBatch) -> None:
        with _Transaction(self._db):
            names = {sample.service_name for sample in batch.samples} | {edge.service_name for edge in batch.edges}
            ids = self._service_ids(names)
            rows = [schema.row_of(sample, ids[sample.service_name]) for sample in batch.samples]
            self._db.executemany(statements.INSERT, rows)
            self._db.executemany(statements.ADD_TO_HOUR, [(*row, row[1] // HOUR) for row in rows])
            edges = [schema.row_of_edge(edge, ids[edge.service_name]) for edge in batch.edges]
            self._db.executemany(statements.INSERT_EDGE, edges)
        self._ids = ids

    def _service_ids(self, names: set[str]) -> dict[str, int]:
        if names - self._ids.keys():
            self._db.executemany(
                "INSERT OR IGNORE INTO services (name) VALUES (?)", [(name,) for name in sorted(names)]
            )
            return {name: number for number, name in self._db.execute("SELECT id, name FROM services")}
        return self._ids

    def _select(self, statement: str, query: HistoryQuery, *, table: str = "", step: int = 0) -> list[Any]:
        values = {"since": round(query.since * 1000), "until": round(query.until * 1000), "step": step}
        condition = "1"
        if query.service is not None:
            row = self._db.execute("SELECT id FROM services WHERE name = ?", (query.service,)).fetchone()
            if row is None:
                return []
            condition, values["service"] = "service = :service", row[0]
        return self._db.execute(statement.format(table=table, condition=condition), values).fetchall()

    def _names(self) -> dict[int, str]:
        return dict(self._db.execute("SELECT id, name FROM services"))

    def _purge(self, before: float) -> None:
        with _Transaction(self._db):
            for statement in statements.PURGE:
                self._db.execute(statement, {"before": round(before * 1000), "most": MAX_FORMER_SERVICES})
        self._ids = {}  # some of these services may have been deleted

    def _with_repair(self, work: Callable[[], T]) -> T:
        """Run `work` on the file; if the file is damaged, replace it by a new one and run `work` again."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGE or self._place.is_read_only:
                raise
            self._move_aside(error)
        if work != self._open:
            self._db = self._open()
        return work()

    def _move_aside(self, error: sqlite3.Error) -> None:
        with suppress(AttributeError), closing(self._db):
            pass
        self._ids = {}
        broken = self._path.with_name(BROKEN)
        self._path.replace(broken)
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        _log.warning("history %s was damaged (%s); moved it to %s and started a new one", self._path, error, broken)


class _Transaction:
    """Transaction that is rolled back on error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
