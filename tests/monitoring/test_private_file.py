"""Output files that only their owner can read."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from mcpstore.errors import MCPStoreError
from mcpstore.monitoring.private_file import write_file


def test_a_file_is_created_with_a_mode_for_its_owner_only(tmp_path):
    path = tmp_path / "a.txt"
    assert write_file(path, b"x") == path
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"x", 0o600)


def test_the_old_content_stays_if_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def fail(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(MCPStoreError, match=r"a\.txt cannot be written: No space left"):
        write_file(path, b"after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_symlink_stays_a_symlink(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before")
    link.symlink_to(target)
    write_file(link, b"after")
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_a_special_file_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, b"through the pipe")
    reader.join(60)
    assert read == [b"through the pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    write_file("/dev/null", b"x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(MCPStoreError, match="cannot be written"):
        write_file(tmp_path, b"x")
