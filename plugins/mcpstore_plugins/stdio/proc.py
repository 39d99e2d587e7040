"""Process table of Linux, read from /proc.

Some machines run thousands of processes, so the files are read with bare system calls, at half the cost of pathlib.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from mcpstore_plugins.stdio.environment import MARKER

__all__ = [
    "Process",
    "all_processes",
    "available",
    "has_marker",
    "is_subreaper",
    "marker_of",
    "read",
    "shares_pid_namespace",
    "ticks_now",
]

_LONGEST_STAT: Final = 2048
"""Bytes of a `stat` line: 52 fields; the name has at most 64 bytes, numbers have at most 20 digits."""

_EXEC_READS: Final = 20
_EXEC_PAUSE: Final = 0.002
"""Reads of the environment of a process that is executing another program, and the seconds between two reads."""

_PF_KTHREAD: Final = 0x00200000
"""Flag of kernel threads (include/linux/sched.h)."""

_GET_CHILD_SUBREAPER: Final = 37
"""Operation of prctl(2)."""

_GONE: Final = (FileNotFoundError, ProcessLookupError, PermissionError)


@attrs.frozen(kw_only=True)
class Process:
    """A process.

    Attributes:
        pid: Process id; unique together with `started`.
        parent: Process id of the parent.
        session: Process id of the session leader; 0 if the leader is outside this PID namespace, or the first process
            leads no session.
        started: Start time in clock ticks since boot (field 22 of proc_pid_stat(5)).
        is_dead: Whether it is a zombie.
        is_kernel: Whether it is a kernel thread.
    """

    pid: int
    parent: int
    session: int
    started: int
    is_dead: bool
    is_kernel: bool = False

    @property
    def identity(self) -> tuple[int, int]:
        """The pid and start time, which distinguish it from earlier and later processes with the same pid."""
        return self.pid, self.started


def available() -> bool:
    """Whether this system has a /proc file system."""
    return os.path.exists("/proc/self/stat")  # noqa: PTH110 - called often


def is_subreaper() -> bool:
    """Whether orphaned descendants of this process become its children (PR_SET_CHILD_SUBREAPER, or pid 1)."""
    import ctypes  # noqa: PLC0415 - large, and needed only without control groups

    is_set = ctypes.c_int(0)
    try:
        ctypes.CDLL(None).prctl(_GET_CHILD_SUBREAPER, ctypes.byref(is_set), 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return is_set.value == 1 or os.getpid() == 1


def read(pid: int) -> Process | None:
    """Return the process with this pid, or None if it does not exist."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.read(file, _LONGEST_STAT)
        finally:
            os.close(file)
    except _GONE:
        return None
    # The name is in parentheses, and may itself contain spaces and parentheses.
    state, parent, _group, session, *rest = stat[stat.rindex(b")") + 2 :].split(None, 20)
    # A process whose first thread has ended while others run is listed as a zombie, but is alive.
    flags, threads, started = int(rest[2]), int(rest[13]), int(rest[15])
    return Process(
        pid=pid,
        parent=int(parent),
        session=int(session),
        started=started,
        is_dead=state in (b"Z", b"X") and threads <= 1,
        is_kernel=bool(flags & _PF_KTHREAD),
    )


def all_processes() -> Iterator[Process]:
    """Yield all processes except this one."""
    own = os.getpid()
    for name in os.listdir("/proc"):  # noqa: PTH208 - hundreds of names
        if name.isdigit() and int(name) != own and (process := read(int(name))) is not None:
            yield process


def has_marker(pid: int, marker: str) -> bool:
    """Whether a process was started with this marker in its environment."""
    return f"{MARKER}={marker}".encode() in _environment(pid)


def marker_of(pid: int) -> str | None:
    """Return the marker in the environment that a process was started with, or None if it has none."""
    prefix = f"{MARKER}=".encode()
    matches = (variable for variable in _environment(pid) if variable.startswith(prefix))
    return next((variable.removeprefix(prefix).decode(errors="replace") for variable in matches), None)


def shares_pid_namespace(pid: int) -> bool:
    """Whether a process is in the PID namespace of this one; processes in containers usually are not."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - as text
    except _GONE:
        return False


def ticks_now() -> int:
    """Return the current time in the unit and on the clock of `Process.started`."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def _environment(pid: int) -> list[bytes]:
    for _ in range(_EXEC_READS):
        environ = _content(pid, "environ")
        # During execve(2) a process has neither an environment nor arguments; all others have arguments.
        if environ is None or environ or _content(pid, "cmdline"):
            return (environ or b"").split(b"\0")
        time.sleep(_EXEC_PAUSE)
    return []


def _content(pid: int, name: str) -> bytes | None:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except _GONE:
        return None
