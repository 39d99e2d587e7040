"""What a manager that owns its process does about orphans: it adopts them, waits for them, and outlives none of them.

A process whose parent died is given to the first process of the machine, or of the container, unless one of its
ancestors has said that it takes them (prctl(2), PR_SET_CHILD_SUBREAPER). A manager with a process of its own says so:
then nothing its services start ever becomes a stranger's, and whatever dies is waited for. In a container the manager
often is the first process, and is given orphans without asking; it must wait for them all the same.

Only the command line does this. A library has no business changing what becomes of its host's other children.
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
"""Seconds between two looks; what is dead at two of them is waited for, so within a second of its end."""

PATIENCE: Final = 5.0
"""Seconds that what is left at the end may take to vanish."""

PAUSE: Final = 0.02
"""Seconds between two looks at those that were killed."""

_SET_CHILD_SUBREAPER: Final = 36
_log = logging.getLogger("mcpstore.runtime")


class Subreaper:
    """The children of this process that nobody else waits for.

    Attributes:
        adopts: Whether this process is given the orphans among its descendants.
    """

    def __init__(self) -> None:
        self.adopts: bool = False
        self._suspects: set[tuple[int, float]] = set()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to adopt orphans, and to wait for those that die."""
        self.adopts = _adopt() or os.getpid() == 1
        if self.adopts:
            self._task = asyncio.create_task(self._watch(), name="mcpstore-nursery")

    async def close(self) -> list[int]:
        """End every child that is left, because whoever started it is gone; returns those that would not go."""
        if self._task is None:
            return []
        self._task.cancel()
        await asyncio.wait([self._task])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        told: set[int] = set()
        # Again and again, because those whose parent is killed are children of ours next.
        while left := await asyncio.to_thread(_kill, told):
            if loop.time() > deadline:
                return left
            await asyncio.sleep(PAUSE)
        return []

    def look(self) -> int:
        """Wait for the children that were dead at the last look already; returns how many. Blocks for a moment.

        Whoever starts a process waits for it as soon as it ends. So one that is still unwaited for at the second look
        is nobody's.
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
            await asyncio.to_thread(self.look)


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


def _kill(told: set[int]) -> list[int]:
    """Kill every child and return their numbers; those that were killed before are waited for."""
    children = _children()
    for child in children:
        if child.pid not in told:
            told.add(child.pid)
            if _if_dead(child) is None:  # or it ended with the others, a moment ago, and is only waited for
                _log.warning("process %d of a service was still there at the end, and was killed", child.pid)
        with suppress(psutil.Error):
            child.send_signal(signal.SIGKILL)  # compares when it began first
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG)
    return [child.pid for child in children]
