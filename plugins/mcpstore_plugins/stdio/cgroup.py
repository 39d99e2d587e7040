"""One control group for each service: no process leaves it by forking, changing its session or losing its parent.

Every service gets a control group if the manager may create groups below its own: it is root, or systemd has delegated
the group to it. The kernel then knows all processes of the service and kills them atomically (`cgroup.kill`, since
Linux 5.14), so that none can fork in between. See cgroups(7).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

__all__ = ["PREFIX", "Cgroup", "cgroup_of", "create", "own_cgroup_folder", "sibling_cgroups"]

PREFIX: Final = "mcpstore."
"""Prefix of a control group's name; the marker of the connection follows."""

_PROCESSES: Final = "cgroup.procs"
_KILL: Final = "cgroup.kill"


@attrs.frozen
class Cgroup:
    """The control group of one service.

    Attributes:
        path: Folder of the group in the cgroup file system.
    """

    path: Path

    @property
    def marker(self) -> str:
        """The marker of the connection that the group was created for."""
        return self.path.name.removeprefix(PREFIX)

    @property
    def procs_file(self) -> Path:
        """The file that a process writes to in order to enter the group."""
        return self.path / _PROCESSES

    def processes(self) -> list[int]:
        """Return the ids of the processes in the group and in the groups below it."""
        pids: list[int] = []
        for folder in self._folders():
            with suppress(OSError, ValueError):  # removed meanwhile, or now a threaded cgroup
                pids += map(int, (folder / _PROCESSES).read_text("ascii").split())
        return pids

    def kill(self) -> None:
        """Kill all processes of the group at once; does nothing if this process itself is in the group."""
        if os.getpid() in self.processes():
            return
        with suppress(OSError):
            (self.path / _KILL).write_text("1", "ascii")

    def remove(self) -> bool:
        """Remove the group, and return whether it no longer exists. A group that is not empty stays."""
        for folder in sorted(self._folders(), reverse=True):  # subgroups come first
            with suppress(OSError):
                folder.rmdir()
        return not self.path.exists()

    def _folders(self) -> Iterator[Path]:
        for folder, _, _ in os.walk(self.path):
            yield Path(folder)


def create(marker: str) -> Cgroup | None:
    """Create a control group for a connection; None if this process may not or the kernel is too old. Blocks."""
    parent = own_cgroup_folder()
    if parent is None or not os.access(parent / _PROCESSES, os.W_OK):
        return None
    cgroup = Cgroup(parent / f"{PREFIX}{marker}")
    try:
        cgroup.path.mkdir(mode=0o755)
    except OSError:
        return None
    if not (cgroup.path / _KILL).exists():
        cgroup.remove()
        return None
    return cgroup


def own_cgroup_folder() -> Path | None:
    """Return the folder of this process's control group, or None if it is not visible."""
    path = _hierarchy_path("self")
    return None if path is None else _folder(path)


def cgroup_of(pid: int) -> Cgroup | None:
    """Return the control group of the connection that a process belongs to, or None if it belongs to none."""
    parts = (_hierarchy_path(pid) or "").split("/")
    last = max((index for index, part in enumerate(parts) if part.startswith(PREFIX)), default=None)
    folder = None if last is None else _folder("/".join(parts[: last + 1]))
    return None if folder is None else Cgroup(folder)


def sibling_cgroups() -> list[Cgroup]:
    """Return the control groups of connections, of any manager, below this process's own group."""
    parent = own_cgroup_folder()
    return [] if parent is None else [Cgroup(path) for path in parent.glob(f"{PREFIX}*")]


def _folder(hierarchy_path: str) -> Path | None:
    """Return the folder of a control group, from its path in /proc/<pid>/cgroup."""
    if ".." in hierarchy_path.split("/"):  # outside this cgroup namespace
        return None
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            if after.startswith("cgroup2 "):
                root, mount_point = before.split()[3:5]
                if hierarchy_path == root or hierarchy_path.startswith(f"{root.rstrip('/')}/"):
                    return Path(mount_point, hierarchy_path.removeprefix(root).lstrip("/"))
    return None


def _hierarchy_path(pid: int | str) -> str | None:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text("utf-8", "surrogateescape").splitlines():
            if line.startswith("0::"):
                return line.removeprefix("0::").removesuffix(" (deleted)")
    return None
