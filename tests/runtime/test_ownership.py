"""What connections have on this machine: how it is named, and how it is written down."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpstore.hooks.orphans import OwnershipRecord
from mcpstore.runtime import ownership as module
from mcpstore.runtime.ownership import NOWHERE, OwnershipLog

HOME = "0123456789ab"
OTHER = "ba9876543210"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "300"]) as process:
        yield process
        process.kill()


def began(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19])


def given_by(pid: int, start: int, home: str = HOME) -> str:
    return f"{home}.{pid}.{start}.web.0123456789ab"


def test_a_marker_names_the_manager_and_the_service():
    marker = OwnershipLog(HOME).owner_tag("web")
    assert marker.startswith(f"{HOME}.{os.getpid()}.{began(os.getpid())}.web.")
    assert marker != OwnershipLog(HOME).owner_tag("web")


@pytest.mark.parametrize("name", ["", "a b", "../../etc", "ä", "x" * 500, "a\nb", "a.b", "\0", "$(id)"])
def test_the_marker_of_any_service_name_is_valid_as_file_name_label_and_variable(name: str):
    marker = OwnershipLog(HOME).owner_tag(name)
    assert set(marker) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert len(marker) < 120
    assert module._MARKER.fullmatch(marker)


def test_the_marker_of_a_running_manager_is_no_orphan(sleeper: subprocess.Popen[bytes]):
    traces = OwnershipLog(HOME)
    assert not traces.is_lost(traces.owner_tag("web"))
    assert not traces.is_lost(given_by(sleeper.pid, began(sleeper.pid)))


def test_the_marker_of_a_dead_manager_is_an_orphan_even_before_it_is_reaped(sleeper: subprocess.Popen[bytes]):
    marker = given_by(sleeper.pid, began(sleeper.pid))
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert OwnershipLog(HOME).is_lost(marker)
    sleeper.wait()
    assert OwnershipLog(HOME).is_lost(marker)


def test_the_marker_of_a_manager_whose_process_id_was_reused_is_an_orphan(sleeper: subprocess.Popen[bytes]):
    assert OwnershipLog(HOME).is_lost(given_by(sleeper.pid, began(sleeper.pid) - 1))


def test_markers_of_other_configurations_are_no_orphans():
    assert OwnershipLog(HOME).is_lost(given_by(2**22, 1))
    assert not OwnershipLog(HOME).is_lost(given_by(2**22, 1, home=OTHER))
    assert not OwnershipLog().is_lost(given_by(2**22, 1, home=NOWHERE))


@pytest.mark.parametrize(
    "marker", ["", "x", HOME, f"{HOME}.1.1.web", f"{HOME}.1.1..0123456789ab", f"{HOME}.-1.1.w.0123456789ab",
               f" {HOME}.1.1.w.0123456789ab", f"{HOME}.1.1.w.0123456789ab\n", f"{HOME}.1.1.a.b.0123456789ab",
               f"{HOME}.99999999999.1.w.0123456789ab", "01507816-d4dc-4d67-893f-67a9fee4424a"],
)  # fmt: skip
def test_foreign_markers_are_no_orphans(marker: str):
    assert not OwnershipLog(HOME).is_lost(marker)


def test_without_a_process_list_there_are_no_orphans(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_began", lambda _pid: None)
    assert not OwnershipLog(HOME).is_lost(given_by(2**22, 1))


def test_a_record_is_read_by_the_next_manager_once_its_manager_has_exited(tmp_path: Path):
    marker = given_by(2**22, 1)
    written = OwnershipRecord(owner_tag=marker, service="web", pid=12, started=34, notes={"client": "/usr/bin/docker"})
    OwnershipLog(HOME, tmp_path / "traces").write(written)
    assert OwnershipLog(HOME, tmp_path / "traces").read_lost() == (written,)
    assert OwnershipLog(OTHER, tmp_path / "traces").read_lost() == ()
    file = tmp_path / "traces" / f"{marker}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    OwnershipLog(HOME, tmp_path / "traces").erase_lost()
    assert list((tmp_path / "traces").iterdir()) == []


def test_a_record_of_a_running_manager_is_neither_read_nor_deleted_by_another(tmp_path: Path):
    mine = OwnershipLog(HOME, tmp_path)
    marker = mine.owner_tag("web")
    mine.write(OwnershipRecord(owner_tag=marker, service="web"))
    other = OwnershipLog(HOME, tmp_path)
    assert other.read_lost() == ()
    other.erase_lost()
    assert mine.holds(marker)
    assert len(list(tmp_path.iterdir())) == 1
    mine.erase(marker)
    assert not mine.holds(marker)
    assert list(tmp_path.iterdir()) == []


def test_processes_recorded_during_another_boot_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    marker = given_by(2**22, 1)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_boot", lambda: "another")
        OwnershipLog(HOME, tmp_path).write(
            OwnershipRecord(owner_tag=marker, service="web", pid=12, started=34, notes={"client": "/d"})
        )
    assert OwnershipLog(HOME, tmp_path).read_lost() == (
        OwnershipRecord(owner_tag=marker, service="web", notes={"client": "/d"}),
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"marker": "another"}', b"[" * 100_000, b'{"a": "' + b"x" * 20_000],
)
def test_invalid_records_are_ignored_and_deleted(tmp_path: Path, content: bytes):
    file = tmp_path / f"{given_by(2**22, 1)}.json"
    file.write_bytes(content)
    (tmp_path / "x.json").write_bytes(content)
    (tmp_path / f"{given_by(2**22, 1)}.tmp").write_bytes(content)
    (tmp_path / "notes of a user").write_bytes(content)
    traces = OwnershipLog(HOME, tmp_path)
    assert traces.read_lost() == ()
    traces.erase_lost()
    assert [path.name for path in tmp_path.iterdir()] == ["notes of a user"]


def test_fields_of_a_wrong_type_are_ignored(tmp_path: Path):
    marker = given_by(2**22, 1)
    wrong = {
        "marker": marker,
        "service": 7,
        "pid": -1,
        "started": "x",
        "notes": {"a": 1, "b": "c"},
        "boot": module._boot(),
    }
    (tmp_path / f"{marker}.json").write_text(json.dumps(wrong))
    assert OwnershipLog(HOME, tmp_path).read_lost() == (
        OwnershipRecord(owner_tag=marker, service="7", notes={"b": "c"}),
    )


def test_a_link_in_place_of_a_record_is_not_followed(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(json.dumps({"marker": given_by(2**22, 1)}))
    folder = tmp_path / "traces"
    folder.mkdir()
    for ending in ("json", "tmp"):
        (folder / f"{given_by(2**22, 1)}.{ending}").symlink_to(elsewhere)
    traces = OwnershipLog(HOME, folder)
    assert traces.read_lost() == ()
    traces.write(OwnershipRecord(owner_tag=given_by(2**22, 1), service="web"))
    assert json.loads(elsewhere.read_text()) == {"marker": given_by(2**22, 1)}


@pytest.mark.parametrize("flaw", ["no folder", "a file instead of the folder", "a foreign marker"])
def test_a_record_that_cannot_be_written_affects_nothing_else(tmp_path: Path, flaw: str):
    folder = tmp_path / "traces"
    if flaw == "a file instead of the folder":
        folder.touch()
    traces = OwnershipLog(HOME, None if flaw == "no folder" else folder)
    marker = "../../x" if flaw == "a foreign marker" else traces.owner_tag("web")
    traces.write(OwnershipRecord(owner_tag=marker, service="web"))
    traces.erase(marker)
    traces.erase_lost()
    assert traces.read_lost() == ()
    assert not (tmp_path.parent / "x.json").exists()


@pytest.mark.parametrize("call", ["open", "write", "close", "replace"])
def test_a_write_interrupted_at_any_system_call_leaves_the_old_record(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    marker = given_by(2**22, 1)
    before, after = (
        OwnershipRecord(owner_tag=marker, service="web"),
        OwnershipRecord(owner_tag=marker, service="web", pid=12, started=34),
    )
    OwnershipLog(HOME, tmp_path).write(before)
    with monkeypatch.context() as patch:
        patch.setattr(f"mcpstore.storage.atomic.os.{call}", broken)
        OwnershipLog(HOME, tmp_path).write(after)
    assert OwnershipLog(HOME, tmp_path).read_lost() == (before,)
    OwnershipLog(HOME, tmp_path).write(after)
    assert OwnershipLog(HOME, tmp_path).read_lost() == (after,)
