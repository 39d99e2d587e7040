"""What a piece of code leaves behind: tasks, open files, threads and child processes."""

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
"""Seconds until everything must be gone: a close may be over a moment before the system has taken note."""

PAUSE: Final = 0.01

_OPEN_FILES: Final = Path("/proc/self/fd") if Path("/proc/self/fd").is_dir() else Path("/dev/fd")


@asynccontextmanager
async def nothing_left(patience: float | None = None) -> AsyncGenerator[None]:
    """Make sure that when the block is left there is nothing that was not there before.

    Args:
        patience: Seconds until everything must be gone; None for `PATIENCE`.

    Raises:
        AssertionError: Something is left; the message says what.
    """
    loop = asyncio.get_running_loop()
    # Threads of the loop's own pool are kept on purpose, and so is what the pool needs to wake the loop up.
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
        assert loop.time() < deadline, f"left behind: {', '.join(left)}"  # noqa: S101 - it is for tests
        await asyncio.sleep(PAUSE)


def _nothing() -> None:
    pass


def _files() -> list[str]:
    found: list[str] = []
    for place in _OPEN_FILES.iterdir():
        try:
            found.append(str(place.readlink()))
        except OSError:  # the folder itself, while it was read
            continue
    return found


def _threads() -> set[str]:
    return {t.name for t in threading.enumerate() if not t.name.startswith(("asyncio_", "ThreadPool", "AnyIO"))}


def _children() -> set[int]:
    """Return the processes started by this one, zombies included, where there is a /proc."""
    found: set[int] = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text("utf-8", "replace").rpartition(") ")[2].split()
        except OSError:
            continue
        if fields[1] == str(os.getpid()):
            found.add(int(place.parent.name))
    return found
