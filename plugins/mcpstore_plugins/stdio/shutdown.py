"""Ending everything a service started: politely, then firmly, then for certain."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from mcpstore.hooks import Closing
from mcpstore_plugins.stdio.pipes import Input
from mcpstore_plugins.stdio.proc import Process
from mcpstore_plugins.stdio.process import Leader
from mcpstore_plugins.stdio.tree import Tree, handle_of

__all__ = ["ask_to_leave", "kill", "terminate"]

_WATCHED: Final = 32
"""Processes waited for at once; a tree of thousands must not cost thousands of open files."""

_PAUSE: Final = 0.05
"""Seconds between two looks where the system cannot say when a process ends."""


async def ask_to_leave(tree: Tree, leader: Leader, stdin: Input, closing: Closing) -> bool:
    """End the input, then send SIGTERM, and return whether that was enough.

    Once the leader is gone nobody reads the input any more on behalf of the service, so what it left behind is sent
    SIGTERM at once. SIGCONT follows, because a stopped process does not see SIGTERM.

    Raises:
        OSError: The list of processes cannot be read: there are too many open files.
    """
    forced: asyncio.Future[Any] = asyncio.ensure_future(closing.forced.wait())
    try:
        stdin.end()
        await _first((forced, leader.ended), closing.polite)
        return await terminate(tree, closing.term, forced)
    finally:
        forced.cancel()


async def terminate(tree: Tree, patience: float, forced: asyncio.Future[Any]) -> bool:
    """Send SIGTERM to whatever there is, and return whether that was enough.

    Args:
        tree: What the service started.
        patience: Seconds.
        forced: Done when nobody wants to wait any longer.

    Raises:
        OSError: The list of processes cannot be read: there are too many open files.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    told: set[tuple[int, int]] = set()
    while not forced.done() and loop.time() < deadline:
        living = await asyncio.to_thread(_tell, tree, told)
        if not living:
            return True
        told.update(process.identity for process in living)
        await _until_gone(living, deadline - loop.time(), forced)
    return False


async def kill(tree: Tree, patience: float) -> tuple[int, ...]:
    """End whatever is left, and return the numbers of those that are there all the same.

    What the kernel can end in one stroke is ended so. Of what is outside, each process is stopped first and killed
    after one more look: what is stopped starts nothing new, so the second look finds every child it has, and killing it
    hides none of them.

    Args:
        tree: What the service started.
        patience: Seconds.

    Raises:
        OSError: The list of processes cannot be read: there are too many open files.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    stopped: set[tuple[int, int]] = set()
    await asyncio.to_thread(tree.kill_all)
    while living := await asyncio.to_thread(_stop_or_kill, tree, stopped):
        left = deadline - loop.time()
        if left <= 0:
            await asyncio.to_thread(tree.send, living, signal.SIGKILL)
            return tuple(process.pid for process in living)
        seen = {process.identity for process in living}
        if seen <= stopped:
            await _until_gone(living, left)
        stopped |= seen
    return ()


def _tell(tree: Tree, told: Collection[tuple[int, int]]) -> list[Process]:
    living = tree.alive()
    tree.send([process for process in living if process.identity not in told], signal.SIGTERM, signal.SIGCONT)
    return living


def _stop_or_kill(tree: Tree, stopped: Collection[tuple[int, int]]) -> list[Process]:
    living = tree.alive()
    tree.send([process for process in living if process.identity not in stopped], signal.SIGSTOP)
    tree.send([process for process in living if process.identity in stopped], signal.SIGKILL)
    return living


async def _until_gone(processes: Sequence[Process], patience: float, forced: asyncio.Future[Any] | None = None) -> None:
    """Wait until processes are gone, or some of them where there are many."""
    loop = asyncio.get_running_loop()
    all_gone: asyncio.Future[None] = loop.create_future()
    handles = await asyncio.to_thread(_handles, processes[:_WATCHED])

    def gone(handle: int) -> None:
        handles.remove(handle)
        _unwatch(handle)
        if not handles:
            all_gone.set_result(None)

    for handle in handles:
        loop.add_reader(handle, gone, handle)
    # Without handles they are gone by now, or nobody can tell when they will be: look again soon.
    timeout = patience if handles else min(patience, _PAUSE)
    try:
        await _first((all_gone,) if forced is None else (all_gone, forced), timeout)
    finally:
        for handle in handles:
            _unwatch(handle)


async def _first(events: Iterable[asyncio.Future[Any]], timeout: float) -> None:  # noqa: ASYNC109 - raises nothing
    await asyncio.wait(events, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


def _unwatch(handle: int) -> None:
    asyncio.get_running_loop().remove_reader(handle)
    os.close(handle)


def _handles(processes: Iterable[Process]) -> list[int]:
    handles: list[int] = []
    with suppress(OSError, AttributeError):  # no pidfds here, or no file left to open: those there are will do
        # Appended one by one, so that those opened before an error are known, and closed again.
        for process in processes:
            if (handle := handle_of(process)) is not None:
                handles.append(handle)  # noqa: PERF401 - see above
    return handles
