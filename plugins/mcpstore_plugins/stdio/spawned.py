"""Start of a service's process with its control group and ownership record, off the event loop."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import IO, TYPE_CHECKING, cast

import attrs

from mcpstore.errors import ConnectRefused
from mcpstore.hooks import ClientEndpoint, OwnershipRecord
from mcpstore_plugins.stdio import cgroup, proc
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.cgroup_exec import CgroupRefused
from mcpstore_plugins.stdio.environment import container_engine_variables
from mcpstore_plugins.stdio.orphans import CLIENT, ENGINE, GROUP
from mcpstore_plugins.stdio.spawn import SpawnPlan, plan, spawn
from mcpstore_plugins.stdio.tree import CgroupTree, ProcessGroupTree, ProcessTree, make_tree

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["SpawnedProcess", "start_process"]


@attrs.frozen(kw_only=True)
class SpawnedProcess:
    """A process that was started for a service.

    Attributes:
        launch: The program it was started from.
        process: The process.
        tree: The process and all its descendants.
        marker: Marker in its environment.
        containment: How its descendants are found: `cgroup`, `subreaper`, `marker`, or `group` where there is no /proc.
    """

    launch: SpawnPlan
    process: subprocess.Popen[bytes]
    tree: ProcessTree
    marker: str
    containment: str

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        """The manager's ends of its stdin, stdout and stderr."""
        process = self.process
        return cast("tuple[IO[bytes], IO[bytes], IO[bytes]]", (process.stdin, process.stdout, process.stderr))


def start_process(settings: StdioSettings, peer: ClientEndpoint, marker: str) -> SpawnedProcess:
    """Start the process of a service. Blocks.

    The ownership record is written before the start, so that the process is found even if the manager is killed
    in between.

    Raises:
        ConnectError: The process cannot be started.
    """
    launch = plan(settings, marker)
    group = None if settings.containment == "marker" else cgroup.create(marker)
    record = OwnershipRecord(owner_tag=marker, service=peer.service, notes=_notes(launch, group))
    peer.record_ownership(record)
    process, group = _start(launch, group, is_required=settings.containment == "cgroup")
    tree = make_tree(process.pid, marker, group)
    peer.record_ownership(attrs.evolve(record, pid=process.pid, started=_start_time(process.pid)))
    return SpawnedProcess(launch=launch, process=process, tree=tree, marker=marker, containment=_name(tree))


def _start(
    launch: SpawnPlan, group: Cgroup | None, *, is_required: bool
) -> tuple[subprocess.Popen[bytes], Cgroup | None]:
    """Start a process in its control group; without one if that is impossible and not required."""
    if group is not None:
        try:
            return spawn(launch, group), group
        except CgroupRefused:
            group.remove()
        except BaseException:
            group.remove()
            raise
    if is_required:
        raise ConnectRefused(
            "containment 'cgroup' is not possible: the manager may not create control groups (cgroup v2, Linux 5.14); "
            "let systemd delegate one (Delegate=yes), or set containment to 'auto'"
        )
    return spawn(launch), None


def _name(tree: ProcessTree) -> str:
    if isinstance(tree, CgroupTree):
        return "cgroup"
    if isinstance(tree, ProcessGroupTree):
        return "group"
    return "subreaper" if proc.is_subreaper() else "marker"


def _start_time(pid: int) -> int | None:
    with suppress(OSError):  # too many open files: the record has no start time
        process = proc.read(pid) if proc.available() else None
        return None if process is None else process.started
    return None


def _notes(launch: SpawnPlan, group: Cgroup | None) -> dict[str, str]:
    notes: dict[str, str] = {}
    if group is not None:
        notes[GROUP] = str(group.path)
    if launch.has_container:
        notes[CLIENT] = launch.program
        notes |= {f"{ENGINE}{name}": value for name, value in container_engine_variables(launch.variables).items()}
    return notes
