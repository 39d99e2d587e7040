"""Watch of a file for changes, by events of the operating system and by polling."""
# ruff: noqa: PTH116, PTH120 - paths stay strings here: they may be any bytes

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing, suppress
from typing import Final

__all__ = ["settled_states"]

POLL: Final = 5.0
"""Seconds between two polls without events; events may be unavailable (limits, network drives)."""

FIRST_POLL: Final = 0.5
"""Seconds until the first poll after a watch began; earlier changes caused no event."""

QUIET: Final = 0.1
"""Seconds a file must stay unchanged before a change is reported; editors may write in several steps."""

MAX_QUIET_CHECKS: Final = 20
"""Number of checks after which a file that keeps changing is reported nevertheless."""

ABSENCE: Final = 1.0
"""Seconds a file must be empty or missing before that is reported; some editors truncate or remove it first."""

_STEP_MS: Final = 100
_LONGEST_MS: Final = 400

_log = logging.getLogger("mcpstore.mcp_json")


async def settled_states(
    path: str, look: Callable[[], Awaitable[str]], reported: Callable[[], str | None], absent: Collection[str]
) -> AsyncGenerator[str]:
    """Yield the state of a file when it differs from the one reported last and no longer changes.

    Args:
        path: The file, which need not exist.
        look: Returns the present state of the file.
        reported: Returns the state that was reported last.
        absent: The states of a missing or empty file.
    """
    async with aclosing(_events(path)) as events:
        async for _ in events:
            if await look() == reported():
                continue
            state = await _settled(look, absent)
            if state != reported():
                yield state


async def _settled(look: Callable[[], Awaitable[str]], absent: Collection[str]) -> str:
    state = await look()
    for _ in range(MAX_QUIET_CHECKS):
        await asyncio.sleep(ABSENCE if state in absent else QUIET)
        before, state = state, await look()
        if state == before:
            break
    return state


async def _events(path: str) -> AsyncGenerator[None]:
    """Yield after each event in a directory of `path`, and every few seconds."""
    changed = asyncio.Event()
    watcher: asyncio.Task[None] | None = None
    watched: set[tuple[str, int]] = set()
    try:
        while True:
            pause = POLL
            directories = await asyncio.to_thread(_directories, path)
            if watcher is None or watcher.done() or directories != watched:
                # a symlink has another target, or a directory was created, removed or replaced
                pause = POLL if directories == watched else FIRST_POLL
                await _end(watcher)
                watcher, watched = asyncio.create_task(_watch(directories, changed)), directories
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await changed.wait()
            changed.clear()
            yield
    finally:
        await _end(watcher)


def _directories(path: str) -> set[tuple[str, int]]:
    """Return the directories whose events concern a file, with their inodes: that of the path, and of its target."""
    directories: set[tuple[str, int]] = set()
    for name in (path, os.path.realpath(path)):
        directory = os.path.dirname(name)
        with suppress(OSError):
            directories.add((directory, os.stat(directory).st_ino))
    return directories


async def _watch(directories: set[tuple[str, int]], changed: asyncio.Event) -> None:
    # Imported here: a native library, which only a watched file needs.
    from watchfiles import (  # noqa: PLC0415
        awatch,  # pyright: ignore[reportUnknownVariableType] - its signature uses trio, which is not installed
    )

    names = sorted(directory for directory, _ in directories)
    try:
        async for _ in awatch(
            *names,
            watch_filter=None,
            debounce=_LONGEST_MS,
            step=_STEP_MS,
            recursive=False,
            ignore_permission_denied=True,
        ):
            changed.set()
    except Exception as error:  # noqa: BLE001 - polling replaces the events
        _log.debug("cannot watch %s (%s); polling every %.0f s", ", ".join(names), error, POLL)


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
