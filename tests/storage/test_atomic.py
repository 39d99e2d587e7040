"""Atomic replacement of files."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from mcpstore.storage.atomic import flush_folder, make_folder, replace_file


@pytest.fixture
def flushed(monkeypatch):
    """The paths that were flushed, in order."""
    paths: list[Path] = []

    def fsync(file: int) -> None:
        paths.append(Path(f"/proc/self/fd/{file}").readlink())

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_the_file_is_flushed_before_its_folder(tmp_path, flushed):
    replace_file(tmp_path / "a", b"x")
    temporary, folder = flushed
    assert temporary.parent == folder == tmp_path
    assert temporary.name.startswith(".mcpstore-")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_content_that_need_not_last_is_not_flushed(tmp_path, flushed):
    replace_file(tmp_path / "a", b"x", durable=False)
    assert ((tmp_path / "a").read_bytes(), flushed) == (b"x", [])


@pytest.mark.parametrize("call", ["write", "fsync", "close", "replace"])
def test_an_error_leaves_the_old_content_and_no_temporary_file(tmp_path, monkeypatch, call):
    path, real = tmp_path / "a", os.close
    path.write_bytes(b"old")

    def fail(*args: int) -> None:
        if call == "close":
            real(*args)
        raise OSError(errno.EIO, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OSError, match="no"):
            replace_file(path, b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a", b"old")]


def test_an_exception_of_any_kind_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            replace_file(tmp_path / "a", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_short_write_is_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:3]))
    replace_file(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_the_mode_is_for_the_owner_only_unless_the_caller_says_otherwise(tmp_path):
    replace_file(tmp_path / "a", b"")
    replace_file(tmp_path / "b", b"", mode=0o666)
    umask = os.umask(0)
    os.umask(umask)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"]
    assert modes == [0o600, 0o666 & ~umask]


def test_the_name_of_the_file_may_have_the_maximum_length(tmp_path):
    name = "é" * 127
    replace_file(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_relative_path_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    replace_file("a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_flush_folders_needs_no_flush(tmp_path, monkeypatch, code):
    def fsync(_file: int) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(os, "fsync", fsync)
    flush_folder(tmp_path)


def test_each_new_folder_is_flushed_into_its_parent(tmp_path, flushed):
    make_folder(tmp_path / "a" / "b")
    assert flushed == [tmp_path, tmp_path / "a"]
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o700
    make_folder(tmp_path / "a" / "b")
    assert len(flushed) == 2
