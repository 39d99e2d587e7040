"""The file: opened, written, asked, cleared out, and moved aside when it is damaged."""

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
"""Where a damaged file is put, in place of the one before."""

BUSY: Final = 2.0
"""Seconds to wait for somebody else who is writing: a backup, a person with a database browser."""

CLEAR_EVERY: Final = 3600.0
"""Seconds between looks for what is too old."""

MOST: Final = 10_000
"""Services whose last state is remembered although nothing else is known of them any more."""

DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

T = TypeVar("T")

_log = logging.getLogger("mcpstore.plugins.sqlite_history")


class SqliteHistory:
    """A history in a SQLite file.

    Args:
        place: Where it is kept, and for how long.

    Raises:
        OSError: There is no such file, and none may be made.
        sqlite3.Error: It cannot be opened.
    """

    def __init__(self, place: HistoryLocation) -> None:
        self._place = place
        self._path = place.folder / FILE
        self._cleared = float("-inf")
        self._ids: dict[str, int] = {}
        self._db = self._mended(self._open)

    def write(self, batch: HistoryBatch) -> None:
        """Write everything in one transaction."""
        if not self._path.exists():  # somebody deleted it; what is written to it now would be gone with us
            self._db.close()
            self._ids = {}
            self._db = self._mended(self._open)
        self._mended(lambda: self._write(batch))
        if batch.now - self._cleared >= CLEAR_EVERY:
            self._cleared = batch.now
            self._clear(batch.now - self._place.retention)

    def samples(self, query: HistoryQuery) -> Sequence[MetricsSample]:
        """Return samples, by service and time."""
        step = round(query.step * 1000)
        table = "hours" if step >= HOUR and step % HOUR == 0 else "samples"
        statement = statements.MERGED if step and (table, step) != ("hours", HOUR) else statements.PLAIN
        rows = self._mended(lambda: self._select(statement, query, table=table, step=step))
        names = self._names()
        if query.service is None:
            rows.sort(key=lambda row: names[row[0]])  # a stable sort: the order of time stays
        return [schema.sample_of(row, names) for row in rows]

    def edges(self, query: HistoryQuery) -> Sequence[StateEdge]:
        """Return edges, by service and time: those asked for, and of each service the last one before them."""
        rows = self._mended(
            lambda: [*self._select(statements.LAST_EDGES, query), *self._select(statements.SOME_EDGES, query)]
        )
        names = self._names()
        rows.sort(key=lambda row: (names[row[0]], row[1], row[-1]))
        return [schema.edge_of(row[1:-1], names[row[0]]) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # --- helpers

    def _open(self) -> sqlite3.Connection:
        fresh = not self._path.exists()
        if fresh and self._place.is_read_only:
            raise FileNotFoundError(f"no history has been written to {self._path}")
        mode = "ro" if self._place.is_read_only else "rwc"
        db = self._connect(f"{self._path.absolute().as_uri()}?mode={mode}")
        try:
            if self._place.is_read_only:
                self._check_version(db)
            else:
                self._prepare(db, fresh=fresh)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection, *, fresh: bool) -> None:
        if fresh:
            self._path.chmod(0o600)
        db.execute("PRAGMA journal_mode = WAL")
        # A crash of the machine may cost the last batches, never the file.
        db.execute("PRAGMA synchronous = NORMAL")
        self._check_version(db)
        while (upgrade := schema.UPGRADES.get(version := self._version(db))) is not None:
            db.executescript(f"BEGIN IMMEDIATE; {upgrade} PRAGMA user_version = {version + 1}; COMMIT;")
        db.executescript(schema.SCHEMA)

    def _check_version(self, db: sqlite3.Connection) -> None:
        version = self._version(db)
        if version > schema.VERSION:
            raise sqlite3.NotSupportedError(f"{self._path} was written by a newer version; it is left alone")
        if not self._place.is_read_only:
            return
        if (view := schema.READ_ONLY_VIEWS.get(version)) is not None:
            db.execute(view)
        elif 0 < version < schema.VERSION:
            raise sqlite3.NotSupportedError(f"{self._path} was written by an older version, and may not be changed")

    @staticmethod
    def _version(db: sqlite3.Connection) -> int:
        return int(db.execute("PRAGMA user_version").fetchone()[0])

    def _connect(self, uri: str) -> sqlite3.Connection:
        # Calls come from one thread at a time, but not always from the one that opened it.
        db = sqlite3.connect(uri, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False)
        functions.install(db)
        return db

    def _write(self, batch: HistoryBatch) -> None:
        with _Transaction(self._db):
            names = {sample.service_name for sample in batch.samples} | {edge.service_name for edge in batch.edges}
            ids = self._identified(names)
            rows = [schema.row_of(sample, ids[sample.service_name]) for sample in batch.samples]
            self._db.executemany(statements.INSERT, rows)
            self._db.executemany(statements.ADD_TO_HOUR, [(*row, row[1] // HOUR) for row in rows])
            edges = [schema.row_of_edge(edge, ids[edge.service_name]) for edge in batch.edges]
            self._db.executemany(statements.INSERT_EDGE, edges)
        self._ids = ids

    def _identified(self, names: set[str]) -> dict[str, int]:
        if names - self._ids.keys():
            self._db.executemany(
                "INSERT OR IGNORE INTO services (name) VALUES (?)", [(name,) for name in sorted(names)]
            )
            return {name: number for number, name in self._db.execute("SELECT id, name FROM services")}
        return self._ids

    def _select(self, statement: str, query: HistoryQuery, *, table: str = "", step: int = 0) -> list[Any]:
        values = {"since": round(query.since * 1000), "until": round(query.until * 1000), "step": step}
        whose = "1"
        if query.service is not None:
            found = self._db.execute("SELECT id FROM services WHERE name = ?", (query.service,)).fetchone()
            if found is None:
                return []
            whose, values["service"] = "service = :service", found[0]
        return self._db.execute(statement.format(table=table, whose=whose), values).fetchall()

    def _names(self) -> dict[int, str]:
        return dict(self._db.execute("SELECT id, name FROM services"))

    def _clear(self, before: float) -> None:
        with _Transaction(self._db):
            for statement in statements.FORGET:
                self._db.execute(statement, {"before": round(before * 1000), "most": MOST})
        self._ids = {}  # some of them may be gone

    def _mended(self, work: Callable[[], T]) -> T:
        """Do some work on the file; if it turns out to be damaged, do it once more on a new one."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGE or self._place.is_read_only:
                raise
            self._put_aside(error)
        if work != self._open:
            self._db = self._open()
        return work()

    def _put_aside(self, error: sqlite3.Error) -> None:
        with suppress(AttributeError), closing(self._db):
            pass
        self._ids = {}
        aside = self._path.with_name(BROKEN)
        self._path.replace(aside)
        for ending in ("-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)
        _log.warning("%s was damaged (%s); it is now %s, and a new history begins", self._path, error, aside)


class _Transaction:
    """All or nothing."""

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
