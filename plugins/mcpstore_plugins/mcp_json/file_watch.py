"""Noticing that a file may have changed."""
# ruff: noqa: PTH116, PTH120 - paths stay strings here: they may be any bytes

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing, suppress
from typing import Final

__all__ = ["news"]

POLL: Final = 5.0
"""Seconds between looks when nothing is heard: watching may be impossible (limits, network drives), looking is not."""

FIRST_POLL: Final = 0.5
"""Seconds to the first look after watching began: what happened before it took effect was not heard."""

QUIET: Final = 0.1
"""Seconds a file has to stay as it is before a change counts: an editor may write in several steps."""

NOT_QUIET: Final = 20
"""How many such pauses one waits for a file that never comes to rest."""

ABSENCE: Final = 1.0
"""Seconds a file may be empty or away before that counts: some editors truncate or remove it, and then write."""

_STEP_MS: Final = 100
_LONGEST_MS: Final = 400

_log = logging.getLogger("mcpstore.mcp_json")


async def news(
    path: str, look: Callable[[], Awaitable[str]], told: Callable[[], str | None], absent: Collection[str]
) -> AsyncGenerator[str]:
    """Yield the state of a file whenever it differs from the one told of, and has come to rest.

    Args:
        path: The file, which need not exist.
        look: Returns the state the file is in.
        told: Returns the state that was told of last.
        absent: The states in which there is nothing in the file.
    """
    async with aclosing(_stirrings(path)) as stirrings:
        async for _ in stirrings:
            if await look() == told():
                continue
            state = await _settled(look, absent)
            if state != told():
                yield state


async def _settled(look: Callable[[], Awaitable[str]], absent: Collection[str]) -> str:
    now = await look()
    for _ in range(NOT_QUIET):
        await asyncio.sleep(ABSENCE if now in absent else QUIET)
        before, now = now, await look()
        if now == before:
            break
    return now


async def _stirrings(path: str) -> AsyncGenerator[None]:
    """Yield whenever something happened around `path`, and every few seconds."""
    heard = asyncio.Event()
    listener: asyncio.Task[None] | None = None
    listened: set[tuple[str, int]] = set()
    try:
        while True:
            pause = POLL
            around = await asyncio.to_thread(_around, path)
            if listener is None or listener.done() or around != listened:
                # a symlink leads elsewhere now, or a directory has come, gone or been replaced
                pause = POLL if around == listened else FIRST_POLL
                await _end(listener)
                listener, listened = asyncio.create_task(_listen(around, heard)), around
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await heard.wait()
            heard.clear()
            yield
    finally:
        await _end(listener)


def _around(path: str) -> set[tuple[str, int]]:
    """Return the directories whose events concern a file: where it is named, and where it really is."""
    found: set[tuple[str, int]] = set()
    for place in (path, os.path.realpath(path)):
        directory = os.path.dirname(place)
        with suppress(OSError):
            found.add((directory, os.stat(directory).st_ino))
    return found


async def _listen(directories: set[tuple[str, int]], heard: asyncio.Event) -> None:
    # late: it is a native library, needed only where somebody watches
    from watchfiles import (  # noqa: PLC0415
        awatch,  # pyright: ignore[reportUnknownVariableType] - it knows an event of trio, which is not there
    )

    places = sorted(directory for directory, _ in directories)
    try:
        async for _ in awatch(
            *places,
            watch_filter=None,
            debounce=_LONGEST_MS,
            step=_STEP_MS,
            recursive=False,
            ignore_permission_denied=True,
        ):
            heard.set()
    except Exception as error:  # noqa: BLE001 - whatever keeps us from listening, looking every few seconds does too
        _log.debug("cannot watch %s, so it is looked at every %.0f s: %s", ", ".join(places), POLL, error)


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
