"""Pins on disk: private, replaced as a whole, shared under a lock, and nothing strange is believed."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from mcpstore.runtime.pinning import files as module
from mcpstore.runtime.pinning.files import LOCK, CorruptPinFile, PinFiles
from mcpstore.runtime.pinning.pin import Pin, pins_to_json


def save(folder: PinFiles, service: str, **approved: str) -> None:
    shelf = {name: Pin(approved=mark) for name, mark in approved.items()}
    folder.update(service, lambda _: pins_to_json(service, shelf, str))


def test_what_was_kept_is_read_again_by_the_name_of_its_service(tmp_path):
    folder = PinFiles(tmp_path / "pins")
    assert folder.read("a") == {}
    for name in ("a", "b/../c", "\ud800", "x" * 5000):
        save(folder, name, x="f")
        assert folder.read(name) == {"x": Pin(approved="f")}
    assert folder.read("other") == {}


def test_nobody_else_can_read_it(tmp_path):
    folder = PinFiles(tmp_path / "pins")
    save(folder, "a", x="f")
    assert stat.S_IMODE((tmp_path / "pins").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "pins").iterdir()} == {0o600}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\x00", b'{"version": 1}', b"[" * 100_000])
def test_a_torn_or_strange_file_is_told_and_replaced_by_the_next_save(tmp_path, content):
    folder = PinFiles(tmp_path)
    save(folder, "a", x="f")
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(content)
    with pytest.raises(CorruptPinFile, match=r"\.json: "):
        folder.read("a")
    save(folder, "a", x="g")
    assert folder.read("a") == {"x": Pin(approved="g")}


def test_a_link_or_a_pipe_in_place_of_a_file_is_not_followed(tmp_path):
    folder = PinFiles(tmp_path / "pins")
    save(folder, "a", x="f")
    (file,) = (tmp_path / "pins").glob("*.json")
    (tmp_path / "elsewhere").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        folder.read("a")
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(CorruptPinFile):
        folder.read("a")


def test_two_who_write_at_once_do_not_mix(tmp_path):
    folder = PinFiles(tmp_path)
    save(folder, "a", x="f")
    lock = os.open(tmp_path / LOCK, os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    for forbidden in (lambda: save(folder, "a", x="g"), lambda: folder.remove("a")):
        with pytest.raises(BlockingIOError):
            forbidden()
    folder.tidy([])
    assert folder.read("a") == {"x": Pin(approved="f")}
    os.close(lock)
    save(folder, "a", x="g")


def test_who_saves_sees_what_others_saved(tmp_path):
    save(PinFiles(tmp_path), "a", x="f")
    PinFiles(tmp_path).update("a", lambda there: pins_to_json("a", {**there, "y": Pin(approved="g")}, str))
    assert set(PinFiles(tmp_path).read("a")) == {"x", "y"}


def test_what_nobody_wants_is_removed_and_nothing_else(tmp_path):
    folder = PinFiles(tmp_path)
    for name in "abc":
        save(folder, name, x="f")
    (tmp_path / "half.tmp").write_bytes(b"{")
    folder.tidy(None)
    assert not (tmp_path / "half.tmp").exists()
    folder.tidy(["a", "ghost"])
    assert [bool(folder.read(name)) for name in "abc"] == [True, False, False]
    folder.remove("a")
    folder.remove("a")
    assert folder.read("a") == {}
    PinFiles(tmp_path / "nowhere").tidy([])
    PinFiles(tmp_path / "nowhere").remove("a")
    assert not (tmp_path / "nowhere").exists()


def test_the_stamp_of_a_file_changes_with_it(tmp_path):
    folder = PinFiles(tmp_path)
    stamps = [folder.stamp("a")]
    for mark in "fgh":
        save(folder, "a", x=mark)
        stamps.append(folder.stamp("a"))
    assert len(set(stamps)) == 4


def write_old(folder: Path, **services: str) -> None:
    for service, mark in services.items():
        save(PinFiles(folder), service, x=mark)
    (folder / "half.tmp").write_bytes(b"{")


def test_the_pins_of_another_folder_are_moved_and_none_here_is_replaced(tmp_path):
    old, new = tmp_path / "state/pins", PinFiles(tmp_path / "data/approvals/key")
    write_old(old, a="f", b="f")
    save(new, "b", x="newer")
    new.move_from(old)
    assert [new.read(name)["x"].approved for name in "ab"] == ["f", "newer"]
    assert not old.exists()
    new.move_from(old)


def test_a_move_waits_for_a_writer_and_moves_nothing_beside_one(tmp_path, monkeypatch):
    old, new = tmp_path / "pins", PinFiles(tmp_path / "approvals")
    write_old(old, a="f")
    lock = os.open(old / LOCK, os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with monkeypatch.context() as patch:
        patch.setattr(module, "MOVE_TIMEOUT", 0.1)
        with pytest.raises(BlockingIOError):
            new.move_from(old)
    assert PinFiles(old).read("a") != {}
    release = threading.Timer(0.3, os.close, [lock])
    release.start()
    new.move_from(old)
    release.join()
    assert new.read("a") != {}


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "unlink", "rmdir"])
def test_a_move_that_fails_at_any_call_loses_no_pins_and_is_repeated(tmp_path, monkeypatch, call):
    old, new = tmp_path / "pins", PinFiles(tmp_path / "approvals")
    write_old(old, a="f", b="g")

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        if call in ("unlink", "rmdir"):
            new.move_from(old)
        else:
            with pytest.raises(OSError, match="Input/output error"):
                new.move_from(old)
    whole = new if call in ("unlink", "rmdir") else PinFiles(old)  # which is the one that is used
    assert [whole.read(name)["x"].approved for name in "ab"] == ["f", "g"]
    save(whole, "b", x="h")
    new.move_from(old)
    assert [new.read(name)["x"].approved for name in "ab"] == ["f", "h"]
    assert not old.exists()
