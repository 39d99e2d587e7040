"""Reading Linux's list of processes.

Some machines have thousands of them, so the files are read with bare system calls: half the cost of anything nicer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from mcpstore_plugins.stdio.environment import MARKER

__all__ = ["Process", "adopts_orphans", "available", "carries", "everyone", "is_near", "marker", "read", "ticks_now"]

_LONGEST_STAT: Final = 2048
"""Bytes; a line has 52 fields, of which the name has at most 64 bytes and the numbers at most 20 digits."""

_READINGS: Final = 20
_PAUSE: Final = 0.002
"""How often, and after how many seconds, a process is looked at again that is just becoming another program."""

_PF_KTHREAD: Final = 0x00200000
"""A flag of Linux (include/linux/sched.h) that threads of the kernel have, and nothing else has."""

_GET_CHILD_SUBREAPER: Final = 37
"""An operation of prctl(2)."""

_GONE: Final = (FileNotFoundError, ProcessLookupError, PermissionError)


@attrs.frozen(kw_only=True)
class Process:
    """One line of the list.

    Attributes:
        pid: Its number; together with `started` it is never used twice.
        parent: Number of its parent.
        session: Number of the leader of its session; 0 if it was not started here: by the first process of a machine
            or a container that leads no session, or from outside.
        started: When it began, in clock ticks since boot (field 22 of proc_pid_stat(5)).
        is_dead: Whether it only waits to be waited for.
        is_kernel: Whether it is a thread of the kernel.
    """

    pid: int
    parent: int
    session: int
    started: int
    is_dead: bool
    is_kernel: bool = False

    @property
    def identity(self) -> tuple[int, int]:
        """What tells it from every other process, earlier and later ones of the same number too."""
        return self.pid, self.started


def available() -> bool:
    """Whether this system has such a list."""
    return os.path.exists("/proc/self/stat")  # noqa: PTH110 - asked often, and nothing is opened


def adopts_orphans() -> bool:
    """Whether orphans among the descendants of this process are given to it, not to the first one of the machine."""
    import ctypes  # noqa: PLC0415 - only where there are no control groups, and it is not small

    is_set = ctypes.c_int(0)
    try:
        ctypes.CDLL(None).prctl(_GET_CHILD_SUBREAPER, ctypes.byref(is_set), 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return is_set.value == 1 or os.getpid() == 1


def read(pid: int) -> Process | None:
    """Return the process of this number, or None if there is none."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.read(file, _LONGEST_STAT)
        finally:
            os.close(file)
    except _GONE:
        return None
    # The name stands in parentheses and may contain spaces and parentheses of its own.
    state, parent, _group, session, *rest = stat[stat.rindex(b")") + 2 :].split(None, 20)
    # A process whose first thread ended while others go on is listed as a zombie too, but is alive.
    flags, threads, started = int(rest[2]), int(rest[13]), int(rest[15])
    return Process(
        pid=pid,
        parent=int(parent),
        session=int(session),
        started=started,
        is_dead=state in (b"Z", b"X") and threads <= 1,
        is_kernel=bool(flags & _PF_KTHREAD),
    )


def everyone() -> Iterator[Process]:
    """Yield all processes but this one."""
    me = os.getpid()
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are wanted, hundreds of them
        if name.isdigit() and int(name) != me and (process := read(int(name))) is not None:
            yield process


def carries(pid: int, marker: str) -> bool:
    """Whether a process was started with this marker in its environment."""
    return f"{MARKER}={marker}".encode() in _environment(pid)


def marker(pid: int) -> str | None:
    """Return the marker that a process was started with, or None if it has none."""
    start = f"{MARKER}=".encode()
    found = (variable for variable in _environment(pid) if variable.startswith(start))
    return next((variable.removeprefix(start).decode(errors="replace") for variable in found), None)


def is_near(pid: int) -> bool:
    """Whether a process counts processes as this one does: what runs in a container counts its own."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - as text
    except _GONE:
        return False


def ticks_now() -> int:
    """Return the present in the unit of `Process.started`. Not a duration: a stamp to be compared with the kernel's."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def _environment(pid: int) -> list[bytes]:
    for _ in range(_READINGS):
        environ = _content(pid, "environ")
        # In the middle of execve(2) a process has neither environment nor arguments; all others have arguments.
        if environ is None or environ or _content(pid, "cmdline"):
            return (environ or b"").split(b"\0")
        time.sleep(_PAUSE)
    return []


def _content(pid: int, name: str) -> bytes | None:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except _GONE:
        return None
