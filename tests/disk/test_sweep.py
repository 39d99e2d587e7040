"""Whatever a store keeps on disk is what it was or what it was to be, whichever system call of a save goes wrong."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .saving_child import KINDS, said

CHILD = str(Path(__file__).with_name("saving_child.py"))

CALLS = {"openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "close", "unlink", "ftruncate"}
"""Calls that change what is on the disk, or say that they did."""

MUST = {"openat", "close"}


class Served:
    """A process that forks a saving child whenever it is asked."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def fork(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(b".")
        self.process.stdin.flush()
        return self.number()

    def number(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[Served]:
    command = [sys.executable, CHILD, kind, str(folder)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL) as process:
        yield Served(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def under_strace(served: Served, log: Path, *options: str) -> int:
    pid = served.fork()
    command = ["strace", "-qq", "-o", str(log), "-p", str(pid), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text():
            if strace.poll() is not None:
                os.kill(pid, signal.SIGKILL)
                served.number()
                assert strace.stderr is not None
                pytest.skip(f"strace may not attach here: {strace.stderr.read().strip()}")
        os.kill(pid, signal.SIGUSR1)
        code = served.number()
        strace.wait(30)
    return code


def fresh(folder: Path, kind: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    KINDS[kind].old(folder)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", KINDS)
def test_no_system_call_can_tear_what_is_kept(tmp_path, name):
    folder, log, kind = tmp_path / "kept", tmp_path / "log", KINDS[name]
    old, new = kind.outcomes
    outcomes: Counter[tuple[str, bool]] = Counter()
    with serving(name, folder) as served:
        fresh(folder, name)
        assert under_strace(served, log) == 0
        assert kind.read(folder) == new
        calls = Counter(found[1] for line in log.read_text().splitlines() if (found := re.match(r"(\w+)\(", line)))
        assert set(calls) >= MUST
        for call in sorted(set(calls) & CALLS):
            for nth in range(1, calls[call] + 1):
                for fault in ("signal=KILL", "error=EIO", "error=ENOSPC"):
                    fresh(folder, name)
                    code = under_strace(served, log, "-e", f"inject={call}:{fault}:when={nth}")
                    left = kind.read(folder)
                    point = f"{fault} at {call} number {nth}: {code}, {left!r}"
                    assert left in (old, new, kind.may_forget), point
                    assert code != 0 or not kind.is_promised or left == new, point
                    assert code in {0, 1} or fault == "signal=KILL", point
                    assert said(kind.save, folder) == 0, point
                    assert kind.read(folder) in (new, kind.may_forget), point
                    outcomes[fault, left == new] += 1
    assert outcomes["signal=KILL", False] > 0
    assert outcomes["error=ENOSPC", False] > 0


@contextmanager
def small_disk(folder: Path, size: str = "64k") -> Iterator[Path]:
    """Mount a small file system, where that is permitted."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("name", KINDS)
def test_on_a_full_disk_nothing_is_lost_and_it_goes_on_once_there_is_room(tmp_path, name):
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


@pytest.mark.parametrize("name", ["eras", "journal, a line more", "journal, as a whole"])
def test_on_a_read_only_disk_everything_is_as_it_was(tmp_path, name):
    kind = KINDS[name]
    with small_disk(tmp_path / "disk") as disk:
        kind.old(disk)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert said(kind.save, disk) == (1 if kind.is_promised else 0)
        assert kind.read(disk) == kind.outcomes[0]


@pytest.mark.parametrize("name", ["outbox", "journal, a line more", "journal, as a whole"])
def test_a_failed_flush_is_never_tried_again(tmp_path, monkeypatch, name):
    kind, flushed = KINDS[name], []
    kind.old(tmp_path)

    def fail(descriptor: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    assert said(kind.save, tmp_path) == 1
    assert len(flushed) == len(set(flushed)) == 1
