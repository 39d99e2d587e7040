"""Leak check: tasks, open files, threads and child processes that a block of code leaves behind."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

__all__ = ["nothing_left"]

PATIENCE: Final = 5.0
"""Time until everything must be gone, in seconds: the system reports a close with a delay."""

PAUSE: Final = 0.01

_OPEN_FILES: Final = Path("/proc/self/fd") if Path("/proc/self/fd").is_dir() else Path("/dev/fd")


@asynccontextmanager
async def nothing_left(patience: float | None = None) -> AsyncGenerator[None]:
    """Require that a block leaves behind no task, open file, thread or child process.

    Args:
        patience: Time until everything must be gone, in seconds; None for `PATIENCE`.

    Raises:
        AssertionError: Something is left behind; the message lists it.
    """
    loop = asyncio.get_running_loop()
    # The threads of the loop's own pool stay, and so do the file descriptors that wake the loop up.
    await asyncio.to_thread(_nothing)
    tasks, files, threads, children = asyncio.all_tasks(), _files(), _threads(), _children()
    yield
    deadline = loop.time() + (PATIENCE if patience is None else patience)
    while True:
        left = [
            *(f"task {task.get_name()!r}" for task in asyncio.all_tasks() - tasks),
            *(f"thread {name!r}" for name in sorted(_threads() - threads)),
            *(f"process {pid}" for pid in sorted(_children() - children)),
        ]
        now = _files()
        if len(now) > len(files):
            left += [f"file {name}" for name in now if name not in files] or [f"{len(now) - len(files)} more files"]
        if not left:
            return
        assert loop.time() < deadline, f"left behind: {', '.join(left)}"  # noqa: S101 - this module is for tests
        await asyncio.sleep(PAUSE)


def _nothing() -> None:
    pass


def _files() -> list[str]:
    names: list[str] = []
    for place in _OPEN_FILES.iterdir():
        try:
            names.append(str(place.readlink()))
        except OSError:  # the descriptor of the listing itself is closed by now
            continue
    return names


def _threads() -> set[str]:
    return {t.name for t in threading.enumerate() if not t.name.startswith(("asyncio_", "ThreadPool", "AnyIO"))}


def _children() -> set[int]:
    """Return the processes started by this one, zombies included, where there is a /proc."""
    pids: set[int] = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text("utf-8", "replace").rpartition(") ")[2].split()
        except OSError:
            continue
        if fields[1] == str(os.getpid()):
            pids.add(int(place.parent.name))
    return pids
