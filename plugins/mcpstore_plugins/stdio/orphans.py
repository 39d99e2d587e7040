"""Cleanup of orphans: processes, control groups and containers that services of a killed manager left behind.

Only what carries the marker of a killed manager is touched: in the environment of a process, the name of a control
group or the label of a container. Ownership records only say where to look, so that a wrong, old or forged record does
no harm.
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
from mcpstore.models.text import counted
from mcpstore_plugins.stdio import cgroup, proc, shutdown
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.containers import find_containers, remove
from mcpstore_plugins.stdio.launchers import fetches_images
from mcpstore_plugins.stdio.proc import Process
from mcpstore_plugins.stdio.tree import MarkedTree, with_descendants
from mcpstore_plugins.stdio.uninterrupted import run_to_completion

__all__ = ["CLIENT", "ENGINE", "GROUP", "OrphanTree", "reap"]

CLIENT: Final = "client"
ENGINE: Final = "engine."
GROUP: Final = "cgroup"
"""Names of notes in an ownership record."""


class OrphanTree(MarkedTree):
    """All processes that killed managers started.

    This process, its ancestors and its descendants are never part of it, whatever marker they carry: a manager that a
    service starts inherits the marker of that service.

    Args:
        is_lost: Returns whether a marker belongs to a killed manager.
    """

    def __init__(self, is_lost: Callable[[str], bool]) -> None:
        super().__init__(0, "")
        self._since = 0
        self._known = set[tuple[int, int]]()
        self._is_lost = is_lost
        self._groups: set[Cgroup] = set()

    def kill_all(self) -> None:
        """Kill all processes of the control groups that were found."""
        for group in self._groups:
            group.kill()

    def release(self) -> None:
        """Remove the control groups that were found, and the empty orphaned ones beside this process's own."""
        for group in {*self._groups, *(group for group in cgroup.sibling_cgroups() if self._is_lost(group.marker))}:
            group.remove()

    def _scan(self) -> list[Process]:
        processes = super()._scan()
        own = _own_lineage() if processes else set[int]()
        return [process for process in processes if process.pid not in own]

    def _is_ours(self, process: Process) -> bool:
        if process.identity in self._known:
            return True
        group = cgroup.cgroup_of(process.pid)
        if group is not None and self._is_orphan(group.marker, process):
            self._groups.add(group)
            return True
        marker = proc.marker_of(process.pid)
        return marker is not None and self._is_orphan(marker, process)

    def _is_orphan(self, marker: str, process: Process) -> bool:
        return self._is_lost(marker) and proc.shares_pid_namespace(process.pid)


async def reap(lost: Orphans) -> Sequence[str]:
    """End all orphans of killed managers, and return a description of each.

    Raises:
        CloseFailed: An orphan could not be ended.
    """
    return await run_to_completion(_reap(lost))


async def _reap(lost: Orphans) -> Sequence[str]:
    ended: list[str] = []
    if await asyncio.to_thread(proc.available):
        ended += await _reap_processes(lost)
    for record in lost.records:
        ended += await asyncio.to_thread(_reap_containers, record, lost)
    return ended


async def _reap_processes(lost: Orphans) -> list[str]:
    tree = OrphanTree(lost.is_orphaned)
    living = await asyncio.to_thread(tree.alive)
    names = [_name(process) for process in living]
    if living:
        never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not await shutdown.terminate(tree, lost.term, never):
            survivors = await shutdown.kill(tree, lost.kill)
            if survivors:
                shown = ", ".join(map(str, survivors[:10]))
                problem = (
                    f"{counted(len(survivors), 'process', 'processes')} of a killed manager "
                    f"survived SIGKILL (pid {shown})"
                )
                raise CloseFailed(f"{problem}; end them by hand", survivors, lambda: _kill_again(tree, lost.kill))
    await asyncio.to_thread(tree.release)
    return names


async def _kill_again(tree: OrphanTree, timeout: float) -> None:  # noqa: ASYNC109 - raises nothing
    await shutdown.kill(tree, timeout)


def _reap_containers(record: OwnershipRecord, lost: Orphans) -> Sequence[str]:
    client = record.notes.get(CLIENT, "")
    # A forged record must not make the manager run an arbitrary program.
    if not os.path.isabs(client) or not fetches_images(client) or not lost.is_orphaned(record.owner_tag):  # noqa: PTH117
        return ()
    engine = {key.removeprefix(ENGINE): value for key, value in record.notes.items() if key.startswith(ENGINE)}
    variables = {**os.environ, **engine}
    if not os.access(client, os.X_OK):
        return ()
    containers = find_containers(client, variables, record.owner_tag)
    again = partial(_remove_again, client, variables, containers or ())
    if containers is None:
        problem = f"{client} did not answer: containers of a killed manager may be left"
        raise CloseFailed(f"{problem}; start the container engine, then the manager again", (), again)
    if not remove(client, variables, containers):
        problem = f"container {containers[0][:12]} of a killed manager cannot be removed"
        raise CloseFailed(f"{problem}; remove it by hand", (), again)
    return [f"container {container[:12]} of {record.service!r}" for container in containers]


async def _remove_again(client: str, variables: Mapping[str, str], containers: Sequence[str]) -> None:
    await asyncio.to_thread(remove, client, variables, containers)


def _own_lineage() -> set[int]:
    """Return the ids of this process, its ancestors and its descendants."""
    processes = list(proc.all_processes())
    parents = {process.pid: process.parent for process in processes}
    lineage = {own := os.getpid()}
    ancestor = os.getppid()
    while ancestor and ancestor not in lineage:
        lineage.add(ancestor)
        ancestor = parents.get(ancestor, 0)
    children = [process for process in processes if process.parent == own]
    return lineage | {process.pid for process in with_descendants(children, processes)}


def _name(process: Process) -> str:
    try:
        command = Path(f"/proc/{process.pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        command = "a process"
    return f"{command} (pid {process.pid})"
