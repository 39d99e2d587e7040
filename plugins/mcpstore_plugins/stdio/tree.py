"""The process tree of a service: all its processes, found and signalled.

Process groups are not enough: a process leaves its group with setsid or a double fork. So a process belongs to a
service if it is in the service's control group, or in the session of its leader, or carries the marker of the
connection in its environment, or descends from such a process. No process is signalled by its pid alone, because pids
are reused.

On systems without /proc (macOS), only the process group of the leader is known. Without control groups, a process
escapes if it drops the marker, leaves the session and loses its parent, all between two scans.
"""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from mcpstore_plugins.stdio import proc
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.proc import Process

__all__ = ["CgroupTree", "MarkedTree", "ProcessGroupTree", "ProcessTree", "make_tree", "open_pidfd", "with_descendants"]

_REMOVE_ATTEMPTS: Final = 20
_REMOVE_PAUSE: Final = 0.01
"""Attempts to remove a control group that is not empty yet, and the seconds between two attempts."""


class ProcessTree(Protocol):
    """The processes of a service. All methods except `leader_exits` block; call them in a thread."""

    def leader_exits(self) -> None:
        """Record that the leader is about to be waited for; from then on its pid may be reused."""
        ...

    def alive(self) -> list[Process]:
        """Return the processes that are alive."""
        ...

    def send(self, processes: Iterable[Process], *signals: int) -> None:
        """Send signals to those processes that still exist; a reused pid gets none."""
        ...

    def kill_all(self) -> None:
        """Kill at once all processes that the kernel can kill atomically."""
        ...

    def release(self) -> None:
        """Remove the control group of the tree, once none of its processes is alive."""
        ...


def make_tree(leader: int, marker: str, cgroup: Cgroup | None = None) -> ProcessTree:
    """Return the tree of a process that was just started and has not been waited for."""
    if cgroup is not None:
        return CgroupTree(leader, marker, cgroup)
    return MarkedTree(leader, marker) if proc.available() else ProcessGroupTree(leader)


class MarkedTree:
    """A tree that is found by session, marker and descent.

    Args:
        leader: Pid of the process that was started; it leads a session.
        marker: Marker in the environment of all its processes.
    """

    def __init__(self, leader: int, marker: str) -> None:
        self._leader = leader
        self._marker = marker
        process = None
        with suppress(OSError):  # too many open files: then all processes are examined, and the session is decisive
            process = proc.read(leader)
        # No process of the tree is older than its leader, so older ones need not be examined.
        self._since = process.started if process else 0
        self._known = {process.identity} if process else set[tuple[int, int]]()
        self._reaped: int | None = None

    def leader_exits(self) -> None:
        """Record that the leader is about to be waited for."""
        self._reaped = proc.ticks_now()

    def alive(self) -> list[Process]:
        """Return the processes that are alive."""
        # The tree counts as empty only after two scans: a scan is not atomic, and misses the child of a process that
        # forks and exits meanwhile.
        processes = self._scan() or self._scan()
        self._known = {process.identity for process in processes}
        return processes

    def send(self, processes: Iterable[Process], *signals: int) -> None:
        """Send signals to those processes that still exist."""
        for process in processes:
            with suppress(ProcessLookupError, PermissionError):
                _send(process, signals)

    def kill_all(self) -> None:
        """Do nothing: the kernel cannot kill this tree atomically."""

    def release(self) -> None:
        """Do nothing: there is no control group."""

    def _scan(self) -> list[Process]:
        young = [p for p in proc.all_processes() if p.started >= self._since and not p.is_kernel and not p.is_dead]
        return with_descendants([p for p in young if self._is_ours(p)], young)

    def _is_ours(self, process: Process) -> bool:
        if process.identity in self._known:
            return True
        # The leader's pid is not reused before the leader is waited for, nor while its session has members. So a
        # process of that session that began before then belongs to this tree.
        if process.session == self._leader and (self._reaped is None or process.started < self._reaped):
            return True
        return proc.has_marker(process.pid, self._marker)


class CgroupTree(MarkedTree):
    """A tree in a control group; processes that left the group (root may) are found as in a `MarkedTree`.

    Args:
        leader: Pid of the process that was started.
        marker: Marker in the environment of all its processes.
        cgroup: Control group that it was started in.
    """

    def __init__(self, leader: int, marker: str, cgroup: Cgroup) -> None:
        super().__init__(leader, marker)
        self._cgroup = cgroup

    def kill_all(self) -> None:
        """Kill all processes of the group."""
        self._cgroup.kill()

    def release(self) -> None:
        """Remove the group; killed processes may stay in it for some milliseconds."""
        for _ in range(_REMOVE_ATTEMPTS):
            if self._cgroup.remove():
                break
            time.sleep(_REMOVE_PAUSE)

    def _scan(self) -> list[Process]:
        processes = {process.pid: process for process in super()._scan()}
        for pid in self._cgroup.processes():
            process = None if pid in processes else proc.read(pid)
            if process is not None and not process.is_dead:
                processes[pid] = process
        return list(processes.values())


class ProcessGroupTree:
    """A tree of which only the process group of the leader is known.

    Args:
        leader: Pid of the process that was started; it leads a process group.
    """

    def __init__(self, leader: int) -> None:
        self._group = Process(pid=leader, parent=0, session=leader, started=0, is_dead=False)

    def leader_exits(self) -> None:
        """Do nothing: the id of the group is not reused while it has members."""

    def alive(self) -> list[Process]:
        """Return the group as one process while it has members that are alive."""
        with suppress(ProcessLookupError, PermissionError):  # macOS returns EPERM when only zombies are left
            os.killpg(self._group.pid, 0)
            return [self._group]
        return []

    def send(self, processes: Iterable[Process], *signals: int) -> None:
        """Send signals to the group."""
        for process in processes:
            for number in signals:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)

    def kill_all(self) -> None:
        """Do nothing: the kernel cannot kill this tree atomically."""

    def release(self) -> None:
        """Do nothing: there is no control group."""


def with_descendants(roots: Sequence[Process], processes: Iterable[Process]) -> list[Process]:
    """Return the roots and all their descendants among `processes`."""
    children = defaultdict[int, list[Process]](list)
    for process in processes:
        children[process.parent].append(process)
    family = {process.pid: process for process in roots}
    queue = list(roots)
    while queue:
        for child in children[queue.pop().pid]:
            if child.pid not in family:
                family[child.pid] = child
                queue.append(child)
    return list(family.values())


def open_pidfd(process: Process) -> int | None:
    """Return a pidfd of exactly this process, or None if it has exited.

    Raises:
        OSError: This system has no pidfds, or too many files are open.
    """
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    # Opened first, compared afterwards: the process that has the pid now had it when the pidfd was opened.
    if _is_same(process):
        return pidfd
    os.close(pidfd)
    return None


def _send(process: Process, signals: Iterable[int]) -> None:
    try:
        pidfd = open_pidfd(process)
    except (OSError, AttributeError):
        # No pidfds (before Linux 5.3), or too many open files: comparing just before is the second-best way.
        if _is_same(process):
            for number in signals:
                os.kill(process.pid, number)
        return
    if pidfd is None:
        return
    try:
        for number in signals:
            signal.pidfd_send_signal(pidfd, number)
    finally:
        os.close(pidfd)


def _is_same(process: Process) -> bool:
    now = proc.read(process.pid)
    return now is not None and now.identity == process.identity
