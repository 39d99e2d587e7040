"""Termination of a service's process tree: end of stdin, then SIGTERM, then SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from mcpstore.hooks import Closing
from mcpstore_plugins.stdio.pipes import StdinPipe
from mcpstore_plugins.stdio.proc import Process
from mcpstore_plugins.stdio.process import Leader
from mcpstore_plugins.stdio.tree import ProcessTree, open_pidfd

__all__ = ["kill", "request_exit", "terminate"]

_MAX_WATCHED: Final = 32
"""Number of processes waited for at the same time; each costs an open file."""

_POLL_INTERVAL: Final = 0.05
"""Seconds between two scans where the system has no pidfds."""


async def request_exit(tree: ProcessTree, leader: Leader, stdin: StdinPipe, closing: Closing) -> bool:
    """Close stdin, then send SIGTERM, and return whether all processes have exited.

    As soon as the leader has exited, the rest of the tree is sent SIGTERM without further delay. SIGCONT follows,
    because a stopped process does not handle SIGTERM.

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


async def terminate(tree: ProcessTree, timeout: float, forced: asyncio.Future[Any]) -> bool:  # noqa: ASYNC109 - raises nothing
    """Send SIGTERM to the processes of a tree, and return whether all have exited.

    Args:
        tree: Processes of the service.
        timeout: Seconds to wait for their exit.
        forced: Ends the wait when it is done.

    Raises:
        OSError: The list of processes cannot be read: there are too many open files.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    signalled: set[tuple[int, int]] = set()
    while not forced.done() and loop.time() < deadline:
        living = await asyncio.to_thread(_send_sigterm, tree, signalled)
        if not living:
            return True
        signalled.update(process.identity for process in living)
        await _wait_gone(living, deadline - loop.time(), forced)
    return False


async def kill(tree: ProcessTree, timeout: float) -> tuple[int, ...]:  # noqa: ASYNC109 - raises nothing
    """Kill all processes of a tree, and return the pids of those that survived.

    The control group is killed atomically. Every process outside it is first stopped, and killed after one more scan: a
    stopped process starts no children, so the second scan finds all its children before its death hides them.

    Args:
        tree: Processes of the service.
        timeout: Seconds to wait for their exit.

    Raises:
        OSError: The list of processes cannot be read: there are too many open files.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    stopped: set[tuple[int, int]] = set()
    await asyncio.to_thread(tree.kill_all)
    while living := await asyncio.to_thread(_stop_or_kill, tree, stopped):
        left = deadline - loop.time()
        if left <= 0:
            await asyncio.to_thread(tree.send, living, signal.SIGKILL)
            return tuple(process.pid for process in living)
        seen = {process.identity for process in living}
        if seen <= stopped:
            await _wait_gone(living, left)
        stopped |= seen
    return ()


def _send_sigterm(tree: ProcessTree, signalled: Collection[tuple[int, int]]) -> list[Process]:
    living = tree.alive()
    tree.send([process for process in living if process.identity not in signalled], signal.SIGTERM, signal.SIGCONT)
    return living


def _stop_or_kill(tree: ProcessTree, stopped: Collection[tuple[int, int]]) -> list[Process]:
    living = tree.alive()
    tree.send([process for process in living if process.identity not in stopped], signal.SIGSTOP)
    tree.send([process for process in living if process.identity in stopped], signal.SIGKILL)
    return living


async def _wait_gone(processes: Sequence[Process], patience: float, forced: asyncio.Future[Any] | None = None) -> None:
    """Wait until processes have exited, or the first of them where there are many."""
    loop = asyncio.get_running_loop()
    all_gone: asyncio.Future[None] = loop.create_future()
    pidfds = await asyncio.to_thread(_open_pidfds, processes[:_MAX_WATCHED])

    def gone(pidfd: int) -> None:
        pidfds.remove(pidfd)
        _unwatch(pidfd)
        if not pidfds:
            all_gone.set_result(None)

    for pidfd in pidfds:
        loop.add_reader(pidfd, gone, pidfd)
    # Without pidfds they have exited already, or their exit is not reported: scan again soon.
    timeout = patience if pidfds else min(patience, _POLL_INTERVAL)
    try:
        await _first((all_gone,) if forced is None else (all_gone, forced), timeout)
    finally:
        for pidfd in pidfds:
            _unwatch(pidfd)


async def _first(events: Iterable[asyncio.Future[Any]], timeout: float) -> None:  # noqa: ASYNC109 - raises nothing
    await asyncio.wait(events, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


def _unwatch(pidfd: int) -> None:
    asyncio.get_running_loop().remove_reader(pidfd)
    os.close(pidfd)


def _open_pidfds(processes: Iterable[Process]) -> list[int]:
    pidfds: list[int] = []
    with suppress(OSError, AttributeError):  # no pidfds on this system, or too many open files
        # Appended one by one, so that those opened before an error are known and closed.
        for process in processes:
            if (pidfd := open_pidfd(process)) is not None:
                pidfds.append(pidfd)  # noqa: PERF401 - see above
    return pidfds
