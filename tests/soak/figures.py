"""Counts of a manager's resources, and of the processes it started."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs

from .world import World

MIB = 1 << 20
MARKER = b"MCPSTORE_MARKER="
LOOKS, PAUSE = 6, 0.1
"""Number of samples of an idle manager, and seconds between them; the minimum of each count is used."""


@attrs.frozen(kw_only=True)
class Figures:
    """Counts at one moment.

    Attributes:
        rss: Memory of this process, in MiB.
        files: Its open file descriptors.
        tasks: Tasks of its event loop.
        threads: Its threads.
        children: Its child processes, zombies included.
        zombies: Child processes that have exited and were not waited for.
        marked: Living processes that carry a marker of its store.
        state: Size of the state directory, in MiB.
    """

    rss: float
    files: int
    tasks: int
    threads: int
    children: int
    zombies: int
    marked: int
    state: float


class Ring:
    """Ring buffer of numbers. It allocates all of its memory at once, so that it does not grow itself.

    Args:
        size: Number of values that are kept.
    """

    def __init__(self, size: int = 20_000) -> None:
        self._kept = array("d", bytes(8 * size))
        self._count = 0

    def add(self, value: float) -> None:
        self._kept[self._count % len(self._kept)] = value
        self._count += 1

    def __iter__(self) -> Iterator[float]:
        return iter(self._kept[: self._count])

    def __len__(self) -> int:
        return min(self._count, len(self._kept))


async def look(world: World) -> Figures:
    """Return the current counts."""
    return await asyncio.to_thread(_count, world, len(asyncio.all_tasks()))


async def look_well(world: World) -> Figures:
    """Return the counts of an idle manager, after garbage collection and without short-lived objects."""
    gc.collect()
    looks: list[Figures] = []
    for _ in range(LOOKS):
        looks.append(await look(world))
        await asyncio.sleep(PAUSE)
    return Figures(**{field.name: min(getattr(each, field.name) for each in looks) for field in attrs.fields(Figures)})


def waiting() -> float:
    """Return how long threads of this process were ready to run and waited for a CPU, in seconds."""
    total = 0
    for place in Path("/proc/self/task").iterdir():
        try:
            total += int((place / "schedstat").read_text().split()[1])
        except (OSError, IndexError):  # the thread has ended, or the kernel keeps no statistics
            continue
    return total / 1e9


def marked(home: str) -> dict[int, str]:
    """Return the living processes that carry a marker of a configuration, with their command lines."""
    by_name: dict[int, str] = {}
    for pid, stat in _processes():
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes()
            if MARKER + home.encode() in variables and stat[0] not in "ZX":
                by_name[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return by_name


def objects() -> Counter[str]:
    """Return the number of objects of each type."""
    gc.collect()
    return Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())


def _count(world: World, tasks: int) -> Figures:
    ours = [(pid, stat) for pid, stat in _processes() if stat[1] == str(os.getpid())]
    return Figures(
        rss=int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / MIB,
        files=len(list(Path("/proc/self/fd").iterdir())) - 1,  # the folder itself
        tasks=tasks,
        threads=len(list(Path("/proc/self/task").iterdir())),
        children=len(ours),
        zombies=sum(stat[0] == "Z" for _, stat in ours),
        marked=len(marked(world.home)),
        state=_size(world.state) / MIB,
    )


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Yield every process with what follows its name in its `stat`: its state, its parent, …"""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                yield int(place.name), (place / "stat").read_text(errors="replace").rpartition(") ")[2].split()
            except OSError:
                continue


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:  # the process has exited
            continue
    return total
