"""Finding and signalling everything a service started.

Process groups are not enough: what called setsid or forked twice has left them. So a process belongs to a service if it
is in the control group that was made for it, or in the session its leader was started in, or carries the marker of the
connection in its environment, or descends from one that does. Nothing is signalled on the strength of a number alone,
because numbers are used again.

Where there is no /proc (macOS), only the process group of the leader is known. Where there are no control groups, what
escapes is a process that drops the marker, leaves the session and loses its parent, all before anybody looks.
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

__all__ = ["ContainedTree", "GroupTree", "MarkedTree", "Tree", "handle_of", "tree_of", "with_descendants"]

_TRIES: Final = 20
_PAUSE: Final = 0.01
"""How often, and after how many seconds, a control group is looked at again that is not empty yet."""


class Tree(Protocol):
    """What a service started."""

    def leader_ends(self) -> None:
        """Take note that the leader is about to be waited for: from then on its number may become a stranger's."""
        ...

    def alive(self) -> list[Process]:
        """Return the processes that are alive. Takes some milliseconds: to be called in a thread."""
        ...

    def send(self, processes: Iterable[Process], *signals: int) -> None:
        """Send signals to those processes that are still the ones they were. To be called in a thread."""
        ...

    def kill_all(self) -> None:
        """End at once whatever the kernel can end in one stroke. To be called in a thread."""
        ...

    def release(self) -> None:
        """Let go of what was made to hold the tree, once nothing of it is alive. To be called in a thread."""
        ...


def tree_of(leader: int, marker: str, cgroup: Cgroup | None = None) -> Tree:
    """Return the tree of a process that was just started and is not yet waited for."""
    if cgroup is not None:
        return ContainedTree(leader, marker, cgroup)
    return MarkedTree(leader, marker) if proc.available() else GroupTree(leader)


class MarkedTree:
    """A tree found by session, marker and descent.

    Args:
        leader: Number of the process that was started; it leads a session.
        marker: What the environment of everything it starts carries.
    """

    def __init__(self, leader: int, marker: str) -> None:
        self._leader = leader
        self._marker = marker
        process = None
        with suppress(OSError):  # too many open files: then everything is looked at, and it is found by its session
            process = proc.read(leader)
        # Nothing of the tree is older than its leader: most of the list need not be looked at closely.
        self._since = process.started if process else 0
        self._known = {process.identity} if process else set[tuple[int, int]]()
        self._reaped: int | None = None

    def leader_ends(self) -> None:
        """Take note that the leader is about to be waited for."""
        self._reaped = proc.ticks_now()

    def alive(self) -> list[Process]:
        """Return the processes that are alive."""
        # Twice before it counts as empty: the list is not read in one instant, and a process that forks behind the
        # reader's back and ends before its eyes would hide its child from one reading.
        found = self._look() or self._look()
        self._known = {process.identity for process in found}
        return found

    def send(self, processes: Iterable[Process], *signals: int) -> None:
        """Send signals to those processes that are still the ones they were."""
        for process in processes:
            with suppress(ProcessLookupError, PermissionError):
                _send(process, signals)

    def kill_all(self) -> None:
        """Do nothing: there is no such stroke."""

    def release(self) -> None:
        """Do nothing: nothing was made."""

    def _look(self) -> list[Process]:
        young = [p for p in proc.everyone() if p.started >= self._since and not p.is_kernel and not p.is_dead]
        return with_descendants([p for p in young if self._is_ours(p)], young)

    def _is_ours(self, process: Process) -> bool:
        if process.identity in self._known:
            return True
        # As long as the leader is not waited for, or anybody is left in its session, nobody else can get its number.
        # So what is in that session and began before the leader was waited for cannot be a stranger.
        if process.session == self._leader and (self._reaped is None or process.started < self._reaped):
            return True
        return proc.carries(process.pid, self._marker)


class ContainedTree(MarkedTree):
    """A tree in a control group; what left it (root may) is found as in any other tree.

    Args:
        leader: Number of the process that was started.
        marker: What the environment of everything it starts carries.
        cgroup: The group it was started in.
    """

    def __init__(self, leader: int, marker: str, cgroup: Cgroup) -> None:
        super().__init__(leader, marker)
        self._cgroup = cgroup

    def kill_all(self) -> None:
        """End everything in the group."""
        self._cgroup.kill()

    def release(self) -> None:
        """Remove the group. What was killed a moment ago may still be in it for another."""
        for _ in range(_TRIES):
            if self._cgroup.remove():
                break
            time.sleep(_PAUSE)

    def _look(self) -> list[Process]:
        found = {process.pid: process for process in super()._look()}
        for pid in self._cgroup.processes():
            process = None if pid in found else proc.read(pid)
            if process is not None and not process.is_dead:
                found[pid] = process
        return list(found.values())


class GroupTree:
    """A tree of which only the process group of the leader is known.

    Args:
        leader: Number of the process that was started; it leads a process group.
    """

    def __init__(self, leader: int) -> None:
        self._group = Process(pid=leader, parent=0, session=leader, started=0, is_dead=False)

    def leader_ends(self) -> None:
        """Do nothing: the group keeps its number as long as it has members."""

    def alive(self) -> list[Process]:
        """Return the group, as if it were one process, while it has members that are alive."""
        with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM when only zombies are left
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
        """Do nothing: there is no such stroke."""

    def release(self) -> None:
        """Do nothing: nothing was made."""


def with_descendants(roots: Sequence[Process], everyone: Iterable[Process]) -> list[Process]:
    """Return the roots and all their descendants."""
    children = defaultdict[int, list[Process]](list)
    for process in everyone:
        children[process.parent].append(process)
    found = {process.pid: process for process in roots}
    waiting = list(roots)
    while waiting:
        for child in children[waiting.pop().pid]:
            if child.pid not in found:
                found[child.pid] = child
                waiting.append(child)
    return list(found.values())


def handle_of(process: Process) -> int | None:
    """Return a pidfd that is certain to mean this process, or None if it is gone.

    Raises:
        OSError: There are no pidfds on this system, or too many open files.
    """
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    # Opened first, compared afterwards: whoever has the number now had it when the handle was opened.
    if _is_same(process):
        return handle
    os.close(handle)
    return None


def _send(process: Process, signals: Iterable[int]) -> None:
    try:
        handle = handle_of(process)
    except (OSError, AttributeError):
        # No pidfds here (before Linux 5.3), or no file left to open: comparing right before is next best.
        if _is_same(process):
            for number in signals:
                os.kill(process.pid, number)
        return
    if handle is None:
        return
    try:
        for number in signals:
            signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)


def _is_same(process: Process) -> bool:
    now = proc.read(process.pid)
    return now is not None and now.identity == process.identity
