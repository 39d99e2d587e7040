"""Whatever a store keeps on disk is what it was or what it was to be, whichever system call of a save goes wrong."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.plugins.mcp_json.crashing import HAS_STRACE

from .crashing import system_calls
from .kinds import KINDS, said
from .mounting import small_disk


@pytest.mark.skipif(not HAS_STRACE, reason="needs strace")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", KINDS)
def test_no_failing_system_call_corrupts_stored_data(tmp_path, name):
    outcomes: Counter[tuple[str, bool]] = Counter()
    for point in system_calls(tmp_path, name):
        assert not point.is_torn, point
        assert not point.is_stuck, point
        assert not point.temporary, point
        assert point.code in {0, 1} or point.fault == "signal=KILL", point
        outcomes[point.fault, point.is_saved] += 1
    assert outcomes["signal=KILL", False] > 0
    assert outcomes["error=ENOSPC", False] > 0 or KINDS[name].heals


@pytest.mark.parametrize("name", KINDS)
def test_a_full_disk_loses_nothing_and_writing_continues_once_there_is_space(tmp_path, name):
    kind = KINDS[name]
    with small_disk(tmp_path / "disk", kind.room) as disk:
        kind.old(disk)
        left = (os.statvfs(disk).f_bavail) * os.statvfs(disk).f_frsize
        (disk / "ballast").write_bytes(b"x" * left)
        said(kind.save, disk)
        (disk / "ballast").unlink()
        assert kind.read(disk) in kind.outcomes
        assert said(kind.save, disk) == 0
        assert kind.read(disk) == kind.outcomes[1]


@pytest.mark.parametrize("name", ["eras", "pins", "an alert", "silences"])
def test_a_read_only_disk_keeps_its_content(tmp_path, name):
    kind = KINDS[name]
    with small_disk(tmp_path / "disk") as disk:
        kind.old(disk)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert said(kind.save, disk) == (1 if kind.is_promised else 0)
        assert kind.read(disk) == kind.outcomes[0]


@pytest.mark.parametrize("name", ["pins", "silences"])
def test_a_failed_fsync_is_never_repeated(tmp_path, monkeypatch, name):
    kind, flushed = KINDS[name], []
    kind.old(tmp_path)

    def fail(descriptor: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    assert said(kind.save, tmp_path) == 1
    assert len(flushed) == len(set(flushed)) == 1
