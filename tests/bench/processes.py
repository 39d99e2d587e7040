"""Processes: how long the tree of a service takes to close, and what is left of it."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from mcpstore.hooks import ClientEndpoint, Closing
from mcpstore_plugins.stdio import cgroup
from mcpstore_plugins.stdio.connection import connect
from mcpstore_plugins.stdio.settings import StdioSettings

from .result import Result

SERVER = Path(__file__).parents[1] / "plugins" / "stdio" / "tiny_server.py"
CHILDREN = "group,session,daemon,obedient"
POLITE, STUBBORN = 100, 6
POLITE_AIM, STUBBORN_AIM = 0.5, 5.5
"""Seconds; a stubborn one is given 2 s to see the end of its input and 3 s for SIGTERM."""

AT_ONCE = 8
BRIEF = Closing(polite=0.3, term=0.3, kill=15.0)


async def _close(kind: str, pids: Path, *manners: str, closing: Closing | None = None) -> tuple[float, int]:
    """Return the seconds a close took, and how many processes are left of the tree."""
    args = ["-S", "-E", str(SERVER), "--pidfile", str(pids), *manners]
    settings = StdioSettings.model_validate({"command": sys.executable, "args": args, "containment": kind})
    peer = ClientEndpoint(owner_tag=str(uuid4()), handshake_timeout=60.0, closing=closing or Closing())
    async with connect(settings, peer):
        family = _read(pids)
        began = time.perf_counter()
    return time.perf_counter() - began, sum(map(_is_alive, family))


def _read(pids: Path) -> list[int]:
    family = [int(line) for line in pids.read_text().split()]
    pids.unlink()
    return family


def _is_alive(pid: int) -> bool:
    """Whether a process is there and more than an entry in the list, which those have that init has not waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def _children() -> int:
    return sum(len(place.read_text().split()) for place in Path("/proc/self/task").glob("*/children"))


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _hostile(folder: Path, kinds: Sequence[str], count: int, say: Callable[[str], None]) -> int:
    """Close many trees whose leader goes or stays and whose children stay; return how many processes are left."""
    left = done = 0
    turn = asyncio.Semaphore(AT_ONCE)
    manners = ((), ("--ignore-eof",), ("--ignore-eof", "--ignore-term"))

    async def one(number: int) -> None:
        nonlocal left, done
        kind, ways = kinds[number % len(kinds)], manners[number % len(manners)]
        async with turn:
            pids = folder / f"pids{number}"
            left += (await _close(kind, pids, "--children", CHILDREN, *ways, closing=BRIEF))[1]
        done += 1
        if done % 100 == 0:
            say(f"{done} of {count} hostile trees are closed")

    await asyncio.gather(*(one(number) for number in range(count)))
    return left


async def _measure(folder: Path, hostile: int, say: Callable[[str], None]) -> list[Result]:
    results: list[Result] = []
    probe = cgroup.create("bench")
    kinds = ["marker"] if probe is None else ["cgroup", "marker"]
    if probe is not None:
        probe.remove()
    pids = folder / "pids"
    await _close("marker", pids)  # threads are made, modules loaded
    files, tasks = _files(), len(asyncio.all_tasks())
    left = trees = 0
    for kind in kinds:
        for what, count, aim, manners in (
            ("a polite server", POLITE, POLITE_AIM, ()),
            ("a polite one with obedient children", POLITE // 4, POLITE_AIM, ("--children", "obedient")),
            ("a stubborn tree", STUBBORN, STUBBORN_AIM, ("--children", CHILDREN, "--ignore-eof", "--ignore-term")),
        ):
            closes = [await _close(kind, pids, *manners) for _ in range(count)]
            times = sorted(took for took, _ in closes)
            left += sum(leftover for _, leftover in closes)
            trees += count
            results.append(
                Result(
                    what=f"closing {what} ({kind}): slowest of {count}",
                    ours=f"{times[-1]:.2f} s (median {statistics.median(times):.2f} s)",
                    ratio=times[-1],
                    aim=aim,
                )
            )
    if hostile:
        left += await _hostile(folder, kinds, hostile, say)
        trees += hostile
    for what, count in (
        (f"processes left of {trees} trees", left),
        ("children and zombies of ours left", _children()),
        ("open files more than before", _files() - files),
        ("tasks more than before", len(asyncio.all_tasks()) - tasks),
    ):
        results.append(Result(what=what, ours=str(count), ratio=count, aim=0))
    return results


def measure(folder: Path, hostile: int = 0, say: Callable[[str], None] = lambda _text: None) -> list[Result]:
    """Measure how processes end.

    Args:
        folder: Where to put files.
        hostile: Trees that are closed besides, several at a time and with less patience, to see what is left.
        say: Tells people how far it has come.
    """
    return asyncio.run(_measure(folder, hostile, say))
