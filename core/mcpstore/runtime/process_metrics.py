"""Samples CPU and memory of the processes of services."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mcpstore.monitoring.metrics import Usage

if TYPE_CHECKING:
    import psutil

__all__ = ["ProcessSampler"]

Identity = tuple[int, float]
"""Process id and start time; process ids are reused."""


class ProcessSampler:
    """Samples the process trees below this process. Blocking: call it in a thread, one call at a time.

    A process counts for the service whose leader it descends from. A process that does not descend from this one is
    ignored, so a reused process id is attributed to no service.
    """

    def __init__(self) -> None:
        self._leaders: dict[str, Identity] = {}
        self._times: dict[Identity, float] = {}
        self._sampled_at = 0.0

    def look(self, leaders: Mapping[str, int]) -> dict[str, Usage]:
        """Return the usage of each service that has processes.

        Args:
            leaders: Process id of the process started for each service, by name of the service.
        """
        import psutil  # noqa: PLC0415 - a store without metrics must not load it

        now, before = time.monotonic(), self._sampled_at
        family = {child.pid: child for child in psutil.Process().children(recursive=True)}
        owners = {pid: name for name, pid in leaders.items() if pid in family}
        trees = _trees(family, owners)
        known, times, usage = self._leaders, dict[Identity, float](), dict[str, Usage]()
        self._leaders = {}
        for name, tree in trees.items():
            memory = processes = 0
            spent = 0.0
            leader = (leaders[name], family[leaders[name]].create_time())
            for process in tree:
                try:
                    with process.oneshot():
                        identity = (process.pid, process.create_time())
                        used = process.cpu_times()
                        memory += process.memory_info().rss
                except psutil.Error:
                    continue  # it has exited, or may not be read
                processes += 1
                times[identity] = used.user + used.system
                spent += max(0.0, times[identity] - self._times.get(identity, 0.0))
            is_same = known.get(name) == leader
            share = 100.0 * spent / (now - before) if is_same and now > before else None
            usage[name] = Usage(cpu_percent=share, memory_bytes=memory, processes=processes)
            self._leaders[name] = leader
        self._times, self._sampled_at = times, now
        return usage


def _trees(family: Mapping[int, psutil.Process], owners: Mapping[int, str]) -> dict[str, list[psutil.Process]]:
    """Return the processes of each service."""
    import psutil  # noqa: PLC0415

    parents: dict[int, int] = {}
    for pid, process in family.items():
        try:
            parents[pid] = process.ppid()
        except psutil.Error:
            continue
    trees: dict[str, list[psutil.Process]] = {}
    for pid in parents:
        above, steps = pid, 0
        while above not in owners and above in parents and steps < len(parents):
            above, steps = parents[above], steps + 1
        if above in owners:
            trees.setdefault(owners[above], []).append(family[pid])
    return trees
