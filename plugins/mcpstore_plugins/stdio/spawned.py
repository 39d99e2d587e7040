"""Everything that is done to start a process, in one go and off the event loop."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import IO, TYPE_CHECKING, cast

import attrs

from mcpstore.errors import ConnectRefused
from mcpstore.hooks import ClientEndpoint, OwnershipRecord
from mcpstore_plugins.stdio import cgroup, proc
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.cgroup_exec import NoEntry
from mcpstore_plugins.stdio.environment import engine_of
from mcpstore_plugins.stdio.orphans import CLIENT, ENGINE, GROUP
from mcpstore_plugins.stdio.spawn import SpawnPlan, plan, spawn
from mcpstore_plugins.stdio.tree import ContainedTree, GroupTree, Tree, tree_of

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["SpawnedProcess", "start_process"]


@attrs.frozen(kw_only=True)
class SpawnedProcess:
    """What was started.

    Attributes:
        launch: What was to be started.
        process: The process.
        tree: It and whatever it starts.
        marker: What is in its environment.
        containment: What keeps it together with what it starts: `cgroup`, `subreaper`, `marker`, or `group` where there
            is no /proc.
    """

    launch: SpawnPlan
    process: subprocess.Popen[bytes]
    tree: Tree
    marker: str
    containment: str

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        """Our ends of its stdin, stdout and stderr."""
        process = self.process
        return cast("tuple[IO[bytes], IO[bytes], IO[bytes]]", (process.stdin, process.stdout, process.stderr))


def start_process(settings: StdioSettings, peer: ClientEndpoint, marker: str) -> SpawnedProcess:
    """Start a process. Blocks.

    What it will have on this machine is written down first, so that a manager that is killed meanwhile has said so.

    Raises:
        ConnectError: It cannot be started.
    """
    launch = plan(settings, marker)
    group = None if settings.containment == "marker" else cgroup.create(marker)
    trace = OwnershipRecord(owner_tag=marker, service=peer.service, notes=_notes(launch, group))
    peer.record_ownership(trace)
    process, group = _start(launch, group, is_needed=settings.containment == "cgroup")
    tree = tree_of(process.pid, marker, group)
    peer.record_ownership(attrs.evolve(trace, pid=process.pid, started=_began(process.pid)))
    return SpawnedProcess(launch=launch, process=process, tree=tree, marker=marker, containment=_name(tree))


def _start(
    launch: SpawnPlan, group: Cgroup | None, *, is_needed: bool
) -> tuple[subprocess.Popen[bytes], Cgroup | None]:
    """Start a process in its group, or without one where that cannot be and is not needed."""
    if group is not None:
        try:
            return spawn(launch, group), group
        except NoEntry:
            group.remove()
        except BaseException:
            group.remove()
            raise
    if is_needed:
        raise ConnectRefused(
            "containment is 'cgroup', but this process may not make control groups (cgroup v2, Linux 5.14); "
            "have systemd delegate one (Delegate=yes), or set containment to 'auto'"
        )
    return spawn(launch), None


def _name(tree: Tree) -> str:
    if isinstance(tree, ContainedTree):
        return "cgroup"
    if isinstance(tree, GroupTree):
        return "group"
    return "subreaper" if proc.adopts_orphans() else "marker"


def _began(pid: int) -> int | None:
    with suppress(OSError):  # too many open files: the record says less
        found = proc.read(pid) if proc.available() else None
        return None if found is None else found.started
    return None


def _notes(launch: SpawnPlan, group: Cgroup | None) -> dict[str, str]:
    notes: dict[str, str] = {}
    if group is not None:
        notes[GROUP] = str(group.path)
    if launch.has_container:
        notes[CLIENT] = launch.program
        notes |= {f"{ENGINE}{name}": value for name, value in engine_of(launch.variables).items()}
    return notes
