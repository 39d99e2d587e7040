"""Saves of everything that is kept besides the configuration: each system call of them killed, or failing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from tests.plugins.mcp_json.crashing import calls_in, serving, under_strace

from .kinds import KINDS, said

CHILD = str(Path(__file__).with_name("saving_child.py"))

CALLS = {"openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "close", "unlink", "ftruncate"}
"""Calls that change what is on the disk, or say that they did."""

MUST = {"openat", "close"}


@attrs.frozen
class Point:
    """A system call of a save that went wrong.

    Attributes:
        fault: What was done to it.
        where: Which call it was.
        code: How the process that saved ended: 0 if it was said to be done, 1 if it was said not to be.
        left: What could be read afterwards.
        is_saved: Whether that is what was saved.
        is_torn: Whether it is neither what was there nor what was to be there, or not what was said.
        is_stuck: Whether the next save did not succeed.
        temporary: Names of the temporary files that a failed save did not remove.
    """

    fault: str
    where: str
    code: int
    left: Any
    is_saved: bool
    is_torn: bool
    is_stuck: bool
    temporary: list[str]


def fresh(folder: Path, kind: str) -> None:
    """Put everything back to what it was."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    KINDS[kind].old(folder)


def system_calls(where: Path, name: str) -> Iterator[Point]:
    """Let every system call of a save be killed, and fail."""
    folder, log, kind = where / "kept", where / "log", KINDS[name]
    old, new = kind.outcomes
    with serving(CHILD, name, str(folder)) as served:
        fresh(folder, name)
        assert under_strace(served, log) == 0
        assert kind.read(folder) == new
        calls = calls_in(log)
        assert set(calls) >= MUST
        for call in sorted(set(calls) & CALLS):
            for nth in range(1, calls[call] + 1):
                for fault in ("signal=KILL", "error=EIO", "error=ENOSPC"):
                    fresh(folder, name)
                    code = under_strace(served, log, "-e", f"inject={call}:{fault}:when={nth}")
                    # A killed process cannot remove files, and a process whose call of unlink fails neither.
                    can_remove = code in {0, 1} and call != "unlink" and not kind.is_of_a_library
                    temporary = [str(path) for path in folder.rglob("*.tmp")] if can_remove else []
                    left = kind.read(folder)
                    is_torn = left not in (old, new, kind.may_forget)
                    is_untrue = code == 0 and kind.is_promised and left != new
                    is_stuck = said(kind.save, folder) != 0 or kind.read(folder) not in (new, kind.may_forget)
                    point = f"{call} number {nth}"
                    yield Point(fault, point, code, left, left == new, is_torn or is_untrue, is_stuck, temporary)
