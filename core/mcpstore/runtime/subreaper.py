"""Subreaper: adopts the orphans of services, reaps them, and kills what is left at the end.

The kernel gives a process whose parent died to the first process of the machine or container, unless an ancestor is a
subreaper (prctl(2), PR_SET_CHILD_SUBREAPER). A manager that owns its process becomes one, so every process that its
services start stays its descendant, and every dead one is reaped. In a container, the manager often is the first
process and receives orphans in any case.

Only the command line does this: a library must not change what happens to the other children of its program.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import Final

import psutil

__all__ = ["Subreaper"]

INTERVAL: Final = 0.4
"""Time between scans, in seconds; a process that is dead in two scans is reaped, within a second of its end."""

KILL_LIMIT: Final = 5.0
"""Time that killed processes have to exit at the close, in seconds."""

PAUSE: Final = 0.02
"""Time between scans of killed processes, in seconds."""

_SET_CHILD_SUBREAPER: Final = 36
_log = logging.getLogger("mcpstore.runtime")


class Subreaper:
    """Adopts orphans and reaps the children that no other code waits for.

    Attributes:
        adopts: Whether this process receives the orphans among its descendants.
    """

    def __init__(self) -> None:
        self.adopts: bool = False
        self._suspects: set[tuple[int, float]] = set()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to adopt and reap orphans."""
        self.adopts = _adopt() or os.getpid() == 1
        if self.adopts:
            self._task = asyncio.create_task(self._watch(), name="mcpstore-subreaper")

    async def close(self) -> list[int]:
        """Kill every remaining child; returns the process ids of those that did not exit."""
        if self._task is None:
            return []
        self._task.cancel()
        await asyncio.wait([self._task])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + KILL_LIMIT
        logged: set[int] = set()
        # Repeated, because children of a killed process become children of this one.
        while left := await asyncio.to_thread(_kill, logged):
            if loop.time() > deadline:
                return left
            await asyncio.sleep(PAUSE)
        return []

    def scan(self) -> int:
        """Reap the children that were already dead in the last scan; returns their number. Blocks for a moment.

        Code that starts a process waits for it as soon as it ends, so a process that is dead in two scans is an orphan.
        """
        if not _has_zombie():
            self._suspects.clear()
            return 0
        dead = {identity for child in _children() if (identity := _if_dead(child)) is not None}
        due = dead & self._suspects
        for pid, _ in due:
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)
        self._suspects = dead - due
        return len(due)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await asyncio.to_thread(self.scan)


def _adopt() -> bool:
    import ctypes  # noqa: PLC0415 - only here, and it is not small

    try:
        return bool(ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):  # not Linux
        return False


def _has_zombie() -> bool:
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # there are no children
        return False


def _children() -> list[psutil.Process]:
    return psutil.Process().children()


def _if_dead(child: psutil.Process) -> tuple[int, float] | None:
    with suppress(psutil.Error):
        if child.status() == psutil.STATUS_ZOMBIE:
            return child.pid, child.create_time()
    return None


def _kill(logged: set[int]) -> list[int]:
    """Kill every child and return their process ids; those that were killed before are reaped."""
    children = _children()
    for child in children:
        if child.pid not in logged:
            logged.add(child.pid)
            if _if_dead(child) is None:  # a dead one exited with the others and is only reaped
                _log.warning("process %d of a service was still running at the end; it is killed", child.pid)
        with suppress(psutil.Error):
            child.send_signal(signal.SIGKILL)  # psutil compares the start time first
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG)
    return [child.pid for child in children]
