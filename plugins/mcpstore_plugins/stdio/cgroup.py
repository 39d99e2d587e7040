"""Control groups: what no process leaves by forking, by changing its session, or by losing its parent.

Where the manager may make groups below its own (it is root, or systemd has delegated the group to it), every service
gets one. The kernel then knows what belongs to the service, and ends all of it in one stroke (`cgroup.kill`, since
Linux 5.14), so that nothing can fork away meanwhile. See cgroups(7).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

__all__ = ["PREFIX", "Cgroup", "beside", "create", "group_of", "own_folder"]

PREFIX: Final = "mcpstore."
"""What the name of a group begins with; the marker of the connection follows."""

_PROCESSES: Final = "cgroup.procs"
_KILL: Final = "cgroup.kill"


@attrs.frozen
class Cgroup:
    """The group of one service.

    Attributes:
        path: Its folder.
    """

    path: Path

    @property
    def marker(self) -> str:
        """The marker of the connection it was made for."""
        return self.path.name.removeprefix(PREFIX)

    @property
    def entrance(self) -> Path:
        """The file that lets a process in."""
        return self.path / _PROCESSES

    def processes(self) -> list[int]:
        """Return the numbers of the processes in it, and in the groups its processes made below it."""
        found: list[int] = []
        for folder in self._folders():
            with suppress(OSError, ValueError):  # gone meanwhile, or turned into something that holds threads only
                found += map(int, (folder / _PROCESSES).read_text("ascii").split())
        return found

    def kill(self) -> None:
        """End everything in it at once. A group that somebody put this process into is left alone."""
        if os.getpid() in self.processes():
            return
        with suppress(OSError):
            (self.path / _KILL).write_text("1", "ascii")

    def remove(self) -> bool:
        """Remove it; returns whether it is gone. One that is not empty stays."""
        for folder in sorted(self._folders(), reverse=True):  # those below come first
            with suppress(OSError):
                folder.rmdir()
        return not self.path.exists()

    def _folders(self) -> Iterator[Path]:
        for folder, _, _ in os.walk(self.path):
            yield Path(folder)


def create(marker: str) -> Cgroup | None:
    """Make a group for a connection; None where this process may not, or the kernel is too old. Blocks."""
    above = own_folder()
    if above is None or not os.access(above / _PROCESSES, os.W_OK):
        return None
    made = Cgroup(above / f"{PREFIX}{marker}")
    try:
        made.path.mkdir(mode=0o755)
    except OSError:
        return None
    if not (made.path / _KILL).exists():
        made.remove()
        return None
    return made


def own_folder() -> Path | None:
    """Return the folder of the group this process is in, or None if there is none to be seen."""
    place = _place_of("self")
    return None if place is None else _folder(place)


def group_of(pid: int) -> Cgroup | None:
    """Return the group of a connection that a process is in, or None if it is in none."""
    parts = (_place_of(pid) or "").split("/")
    last = max((n for n, part in enumerate(parts) if part.startswith(PREFIX)), default=None)
    folder = None if last is None else _folder("/".join(parts[: last + 1]))
    return None if folder is None else Cgroup(folder)


def beside() -> list[Cgroup]:
    """Return the groups of connections, of whichever manager, below the group this process is in."""
    above = own_folder()
    return [] if above is None else [Cgroup(path) for path in above.glob(f"{PREFIX}*")]


def _folder(place: str) -> Path | None:
    """Return the folder of a group by its name in /proc."""
    if ".." in place.split("/"):  # above what this namespace can see
        return None
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            if after.startswith("cgroup2 "):
                top, mounted = before.split()[3:5]
                if place == top or place.startswith(f"{top.rstrip('/')}/"):
                    return Path(mounted, place.removeprefix(top).lstrip("/"))
    return None


def _place_of(pid: int | str) -> str | None:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text("utf-8", "surrogateescape").splitlines():
            if line.startswith("0::"):
                return line.removeprefix("0::").removesuffix(" (deleted)")
    return None
