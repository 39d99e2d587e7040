"""A damaged, full, locked or deleted file loses some history and affects nothing else."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from mcpstore.hooks import HistoryBatch
from mcpstore_plugins.sqlite_history import database, schema

from .conftest import NOW, asked, edge, sample


def batch(*times: float) -> HistoryBatch:
    return HistoryBatch(now=NOW, samples=[sample(at) for at in times], edges=[edge(at) for at in times])


def test_a_file_that_is_not_a_database_is_moved_aside_and_reported_once(open_history, tmp_path, caplog):
    path = tmp_path / "history.db"
    path.write_bytes(b"this is no database" * 1000)
    history = open_history()
    history.write(batch(NOW))
    assert len(history.samples(asked())) == 1
    assert (tmp_path / "history.db.broken").read_bytes().startswith(b"this is no database")
    assert caplog.text.count("was damaged") == 1


def test_damage_detected_later_is_handled_in_the_same_way(open_history, tmp_path, caplog):
    history = open_history()
    history.write(HistoryBatch(now=NOW, samples=[sample(NOW + n) for n in range(5000)]))
    history.close()
    path = tmp_path / "history.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    history = open_history()
    history.write(batch(NOW + 9000.0))
    assert [s.timestamp for s in history.samples(asked())] == [NOW + 9000]
    history.write(batch(NOW + 9030.0))
    assert len(history.samples(asked())) == 2
    assert caplog.text.count("was damaged") == 1
    assert (tmp_path / "history.db.broken").exists()


def test_a_deleted_file_is_recreated(open_history, tmp_path):
    history = open_history()
    history.write(batch(NOW))
    for file in tmp_path.iterdir():
        file.unlink()
    history.write(batch(NOW + 30))
    assert (tmp_path / "history.db").exists()
    assert [s.timestamp for s in open_history().samples(asked())] == [NOW + 30]


def test_a_full_disk_keeps_existing_history_and_writing_resumes_when_there_is_space(open_history):
    history = open_history()
    history.write(batch(NOW))
    pages = history._db.execute("PRAGMA page_count").fetchone()[0]
    history._db.execute(f"PRAGMA max_page_count = {pages}")
    much = HistoryBatch(now=NOW, samples=[sample(NOW + n) for n in range(1, 5000)])
    with pytest.raises(sqlite3.OperationalError, match="full"):
        history.write(much)
    assert len(history.samples(asked())) == 1
    history._db.execute("PRAGMA max_page_count = 1000000")
    history.write(much)
    assert len(history.samples(asked())) == 5000
    assert sum(s.calls for s in history.samples(asked(step=3600.0))) == 0


def test_a_locked_file_is_an_error_and_does_not_block(open_history, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.01)
    history = open_history()
    history.write(batch(NOW))
    with sqlite3.connect(tmp_path / "history.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            history.write(batch(NOW + 30))
        other.execute("ROLLBACK")
    other.close()
    history.write(batch(NOW + 30))
    assert len(history.samples(asked())) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_an_unwritable_folder_is_an_error(open_history, tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(sqlite3.OperationalError):
        open_history()
    tmp_path.chmod(0o700)


def test_a_missing_folder_is_an_error(open_history, tmp_path):
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        open_history(tmp_path / "nowhere")


def test_a_file_of_a_newer_version_is_not_changed(open_history, tmp_path):
    history = open_history()
    history.write(batch(NOW))
    history._db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    history.close()
    with pytest.raises(sqlite3.NotSupportedError, match=r"history\.db was written by a newer version"):
        open_history()
    assert not (tmp_path / "history.db.broken").exists()


def of_version_1(history):
    """Convert a file to version 1."""
    for table in ("samples", "hours"):
        history._db.execute(f"ALTER TABLE {table} DROP COLUMN durations")
    of_version_2(history, version=1)


def of_version_2(history, version=2):
    """Convert a file to version 2."""
    history._db.execute("ALTER TABLE edges DROP COLUMN edge")
    history._db.execute(f"PRAGMA user_version = {version}")
    history.close()


def test_a_file_of_an_older_version_is_migrated(open_history):
    history = open_history()
    history.write(batch(NOW))
    of_version_1(history)
    history = open_history()
    history.write(batch(NOW + 30))
    assert [kept.timestamp for kept in history.samples(asked())] == [NOW, NOW + 30]
    assert history.samples(asked(step=7200.0))[0].duration == 60.0


def test_a_read_only_history_does_not_migrate_a_file_of_an_older_version(open_history):
    history = open_history()
    history.write(batch(NOW))
    of_version_1(history)
    with pytest.raises(sqlite3.NotSupportedError, match="older version of MCPStore"):
        open_history(is_read_only=True)


def test_a_read_only_history_reads_a_file_of_version_2_without_a_change(open_history, tmp_path):
    history = open_history()
    history.write(HistoryBatch(now=NOW, edges=[edge(NOW)]))
    of_version_2(history)
    before = (tmp_path / "history.db").read_bytes()
    reader = open_history(is_read_only=True)
    assert [(kept.timestamp, kept.id) for kept in reader.edges(asked())] == [(NOW, "")]
    reader.close()
    assert (tmp_path / "history.db").read_bytes() == before


def test_a_read_only_history_creates_and_changes_nothing(open_history, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist yet"):
        open_history(is_read_only=True)
    assert list(tmp_path.iterdir()) == []
    open_history().write(batch(NOW))
    reader = open_history(is_read_only=True)
    assert len(reader.samples(asked())) == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.write(batch(NOW + 30))


def test_a_read_only_history_moves_no_file_aside(open_history, tmp_path):
    (tmp_path / "history.db").write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        open_history(is_read_only=True).samples(asked())
    assert [file.name for file in tmp_path.iterdir()] == ["history.db"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be listed here")
@pytest.mark.parametrize("is_read_only", [False, True])
def test_a_refused_file_is_closed_at_once(open_history, tmp_path, is_read_only):
    history = open_history()
    history._db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    history.close()
    with pytest.raises(sqlite3.NotSupportedError) as refused:  # its frames keep all other objects alive
        open_history(is_read_only=is_read_only)
    targets = [str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    assert [target for target in targets if target.startswith(str(tmp_path))] == []
    assert refused.value is not None
