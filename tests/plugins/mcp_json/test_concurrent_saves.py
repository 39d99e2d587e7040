"""Saving while other programs write the same file."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from mcpstore.errors import ConfigConflict, ConfigError, ConfigSyntaxError
from mcpstore.hooks import MISSING, Edit
from mcpstore_plugins.mcp_json import atomic_save, lock
from mcpstore_plugins.mcp_json import document as document_module
from mcpstore_plugins.mcp_json.document import FileDocument
from mcpstore_plugins.mcp_json.lock import Held, locked

from .files import ADD_B, NEW, OLD, add_b, meddling, names, refusal, replace_by_rename, write_in_place


@pytest.mark.parametrize("write", [replace_by_rename, write_in_place])
def test_a_change_by_an_editor_at_any_point_of_a_save_is_merged(path, monkeypatch, write):
    theirs = OLD.replace("// mine", "// theirs")
    with meddling(monkeypatch, 0, None) as calls:
        FileDocument(str(path))._edit([ADD_B])
    last = calls.index("replace")
    for at in range(1, last + 1):
        path.write_text(OLD)
        done = []

        def meddle(done: list = done) -> None:
            done.append(1)
            write(path, theirs)

        with meddling(monkeypatch, at, lambda meddle=meddle: meddle()):
            FileDocument(str(path))._edit([ADD_B])
        assert done == [1]
        assert path.read_text() == NEW.replace("// mine", "// theirs"), calls[at - 1]
        assert names(path.parent) == ["mcp.json"]


@pytest.mark.parametrize(
    ("theirs", "outcome"),
    [
        (OLD.replace('"x"', '"z"'), None),
        (OLD[:-3], ConfigSyntaxError),
        (OLD.replace('"a"', '"b"'), ConfigConflict),
        (None, ConfigError),
    ],
)
def test_content_that_appears_during_a_save_is_validated(path, monkeypatch, theirs, outcome):
    with meddling(monkeypatch, 0, None) as calls:
        FileDocument(str(path))._edit([ADD_B])
    path.write_text(OLD)
    document = FileDocument(str(path))
    document._read()
    meddle = path.unlink if theirs is None else lambda: replace_by_rename(path, theirs)
    with meddling(monkeypatch, calls.index("replace"), meddle):
        if outcome is None:
            document._edit([ADD_B])
            assert path.read_text() == NEW.replace('"x"', '"z"')
        else:
            with pytest.raises(outcome):
                document._edit([ADD_B])
            assert not path.exists() if theirs is None else path.read_text() == theirs
    assert names(path.parent) == ([] if theirs is None else ["mcp.json"])


def test_a_symlink_that_changes_during_a_save_is_followed(path, monkeypatch):
    other = path.with_name("other.json")
    other.write_text(OLD)
    link = path.with_name("link.json")
    link.symlink_to(path)

    def turn():
        link.unlink()
        link.symlink_to(other)

    with meddling(monkeypatch, 0, None) as calls:
        FileDocument(str(link))._edit([ADD_B])
    path.write_text(OLD)
    with meddling(monkeypatch, calls.index("write"), turn):
        FileDocument(str(link))._edit([ADD_B])
    assert path.read_text() == OLD
    assert other.read_text() == NEW
    assert link.is_symlink()


@pytest.mark.parametrize("becomes", ["a link", "another directory"])
def test_a_path_that_changes_during_a_save_is_resolved_again(path, monkeypatch, becomes):
    def move():
        if becomes == "a link":
            path.rename(path.with_name("moved.json"))
            path.symlink_to("moved.json")
        else:
            path.parent.rename(path.parent.with_name("away"))
            path.parent.mkdir()
            path.write_text(OLD)

    with meddling(monkeypatch, 0, None) as calls:
        FileDocument(str(path))._edit([ADD_B])
    path.write_text(OLD)
    with meddling(monkeypatch, calls.index("flock") + 1, move):
        FileDocument(str(path))._edit([ADD_B])
    assert path.read_text() == NEW
    assert path.is_symlink() == (becomes == "a link")


async def test_saving_a_file_that_changes_all_the_time_fails(path, monkeypatch):
    real = atomic_save.stat_state

    def glance(name, home):
        write_in_place(path, path.read_text() + " ")
        return real(name, home)

    monkeypatch.setattr(atomic_save, "stat_state", glance)
    assert "another program keeps changing it; close that program" in await refusal(path)
    assert path.read_text() == OLD + " " * atomic_save.MAX_ATTEMPTS


# --- the lock ----------------------------------------------------------------------------------------------

HOLD = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(directory: Path):
    command = [sys.executable, "-c", HOLD, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.stdin.close()


async def test_a_writer_waits_for_another_writer(path):
    tries = []

    class Watched(FileDocument):
        def _edit(self, edits):
            tries.append(1)
            return super()._edit(edits)

    with held(path.parent) as holder:
        waiting = asyncio.create_task(Watched(str(path)).edit([ADD_B]))
        with anyio.fail_after(20):
            while len(tries) < 3:
                await checkpoint()
            assert path.read_text() == OLD
            holder.kill()
            await waiting
    assert path.read_text() == NEW


def test_the_lock_of_a_directory_has_one_holder_at_a_time(tmp_path):
    with locked(str(tmp_path)), pytest.raises(Held), locked(str(tmp_path)):
        pass
    with locked(str(tmp_path)):
        pass


async def test_a_hanging_writer_is_named(path, monkeypatch):
    monkeypatch.setattr(document_module, "LOCK_TIMEOUT", 0.05)
    with held(path.parent.parent), held(path.parent) as holder:
        text = await refusal(path)
    assert f"process {holder.pid} (" in text
    assert "has locked its directory for" in text
    assert path.read_text() == OLD


async def test_an_unknown_lock_holder_is_called_another_program(path, tmp_path):
    assert lock.holder_of(str(path)) == "another program"
    assert lock.holder_of(str(tmp_path / "none" / "mcp.json")) == "another program"


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EIO])
async def test_a_file_system_without_locks_is_written_without_a_lock(path, monkeypatch, code):
    def flock(fd, wanted):
        raise OSError(code, "no")

    monkeypatch.setattr(fcntl, "flock", flock)
    if code == errno.EIO:
        assert "cannot be written: Input/output error" in await refusal(path)
    else:
        await add_b(path)
        assert path.read_text() == NEW


async def test_reading_needs_no_lock(path):
    with held(path.parent), anyio.fail_after(20):
        assert (await FileDocument(str(path)).read()).data


async def test_a_cancelled_writer_leaves_no_lock_behind(path):
    with held(path.parent):
        waiting = asyncio.create_task(FileDocument(str(path)).edit([ADD_B]))
        await checkpoint()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    with anyio.fail_after(20):
        await FileDocument(str(path)).edit([Edit(path=("c",), value=1)])
    assert '"c": 1' in path.read_text()


async def test_edits_of_one_document_run_one_at_a_time(path):
    document = FileDocument(str(path))
    edits = ([Edit(path=("mcpServers", f"s{i}"), value={"n": i}, expect=MISSING)] for i in range(30))
    await asyncio.gather(*(document.edit(one) for one in edits))
    assert len((await document.read()).data["mcpServers"]) == 31
