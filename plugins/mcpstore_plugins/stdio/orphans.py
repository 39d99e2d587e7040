"""Ending what services of a killed manager left: processes, control groups, containers.

Only what carries a marker of a dead manager is touched: in its environment, in the name of its control group, in the
label of a container. What was written down says where to look and nothing more, so that a record that is wrong, old or
forged harms nobody.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from mcpstore.errors import CloseFailed
from mcpstore.hooks import Orphans, OwnershipRecord
from mcpstore_plugins.stdio import cgroup, proc, shutdown
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.containers import find_containers, remove
from mcpstore_plugins.stdio.launchers import fetches_images
from mcpstore_plugins.stdio.proc import Process
from mcpstore_plugins.stdio.tree import MarkedTree, with_descendants
from mcpstore_plugins.stdio.uninterrupted import run_to_completion

__all__ = ["CLIENT", "ENGINE", "GROUP", "LostTree", "reap"]

CLIENT: Final = "client"
ENGINE: Final = "engine."
GROUP: Final = "cgroup"
"""Names of notes in a trace."""


class LostTree(MarkedTree):
    """Everything that was started by managers that are no more.

    This process, those it was started by and those it started are no part of it, whatever they carry: a manager that is
    started from within a service has inherited the marker of that service.

    Args:
        is_lost: Whether a marker was given by such a manager.
    """

    def __init__(self, is_lost: Callable[[str], bool]) -> None:
        super().__init__(0, "")
        self._since = 0
        self._known = set[tuple[int, int]]()
        self._is_lost = is_lost
        self._groups: set[Cgroup] = set()

    def kill_all(self) -> None:
        """End everything in the groups that were found."""
        for group in self._groups:
            group.kill()

    def release(self) -> None:
        """Remove the groups that were found, and empty ones beside us."""
        for group in {*self._groups, *(group for group in cgroup.beside() if self._is_lost(group.marker))}:
            group.remove()

    def _look(self) -> list[Process]:
        found = super()._look()
        own = _own_line() if found else set[int]()
        return [process for process in found if process.pid not in own]

    def _is_ours(self, process: Process) -> bool:
        if process.identity in self._known:
            return True
        group = cgroup.group_of(process.pid)
        if group is not None and self._is_theirs(group.marker, process):
            self._groups.add(group)
            return True
        marker = proc.marker(process.pid)
        return marker is not None and self._is_theirs(marker, process)

    def _is_theirs(self, marker: str, process: Process) -> bool:
        return self._is_lost(marker) and proc.is_near(process.pid)


async def reap(lost: Orphans) -> Sequence[str]:
    """End what managers left that were killed, and return what that was, in words.

    Raises:
        CloseFailed: Something of it is still there.
    """
    return await run_to_completion(_reap(lost))


async def _reap(lost: Orphans) -> Sequence[str]:
    told: list[str] = []
    if await asyncio.to_thread(proc.available):
        told += await _reap_processes(lost)
    for trace in lost.records:
        told += await asyncio.to_thread(_reap_containers, trace, lost)
    return told


async def _reap_processes(lost: Orphans) -> list[str]:
    tree = LostTree(lost.is_orphaned)
    living = await asyncio.to_thread(tree.alive)
    told = [_name(process) for process in living]
    if living:
        never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not await shutdown.terminate(tree, lost.term, never):
            survivors = await shutdown.kill(tree, lost.kill)
            if survivors:
                shown = ", ".join(map(str, survivors[:10]))
                what = f"{len(survivors)} processes of a manager that was killed survived SIGKILL (pid {shown})"
                raise CloseFailed(f"{what}; end them by hand", survivors, lambda: _again(tree, lost.kill))
    await asyncio.to_thread(tree.release)
    return told


async def _again(tree: LostTree, patience: float) -> None:
    await shutdown.kill(tree, patience)


def _reap_containers(trace: OwnershipRecord, lost: Orphans) -> Sequence[str]:
    client = trace.notes.get(CLIENT, "")
    # A record is no reason to run just any program.
    if not os.path.isabs(client) or not fetches_images(client) or not lost.is_orphaned(trace.owner_tag):  # noqa: PTH117
        return ()
    engine = {key.removeprefix(ENGINE): value for key, value in trace.notes.items() if key.startswith(ENGINE)}
    variables = {**os.environ, **engine}
    if not os.access(client, os.X_OK):
        return ()
    found = find_containers(client, variables, trace.owner_tag)
    again = partial(_remove_again, client, variables, found or ())
    if found is None:
        what = f"{client} does not say whether containers of a manager that was killed are left"
        raise CloseFailed(f"{what}; see that it runs, and start the manager again", (), again)
    if not remove(client, variables, found):
        what = f"container {found[0][:12]} of a manager that was killed cannot be removed"
        raise CloseFailed(f"{what}; remove it by hand", (), again)
    return [f"container {container[:12]} of {trace.service!r}" for container in found]


async def _remove_again(client: str, variables: Mapping[str, str], containers: Sequence[str]) -> None:
    await asyncio.to_thread(remove, client, variables, containers)


def _own_line() -> set[int]:
    """Return this process, its ancestors, and its descendants."""
    everyone = list(proc.everyone())
    parents = {process.pid: process.parent for process in everyone}
    line = {me := os.getpid()}
    above = os.getppid()
    while above and above not in line:
        line.add(above)
        above = parents.get(above, 0)
    children = [process for process in everyone if process.parent == me]
    return line | {process.pid for process in with_descendants(children, everyone)}


def _name(process: Process) -> str:
    try:
        command = Path(f"/proc/{process.pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        command = "a process"
    return f"{command} (pid {process.pid})"
