"""A short soak test: bounded by the number of faults, not by time, and judged by counts only."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import attrs
import pytest

from mcpstore.testing.leftovers import nothing_left

from .figures import marked
from .opening import soaking
from .soak import Plan

PLAN = Plan(services=8, seed=7, acts=12, pause=0.05, probes=10)
WARM_UP = 2
"""Rounds in which modules are loaded, and files and threads are created at their first use."""


@pytest.mark.timeout(300)
async def test_under_random_faults_nothing_grows_and_nothing_is_left(tmp_path: Path):
    of_others = set(threading.enumerate())
    async with nothing_left(30.0):
        async with soaking(tmp_path, PLAN) as soak:
            for _ in range(WARM_UP):
                await soak.round()
                await soak.store.metrics_history("s00")  # creates the history file, if it does not exist yet
            before = await soak.count()
            soak.plan = attrs.evolve(PLAN, acts=2 * PLAN.acts)
            await soak.round()
            for name in ("files", "tasks", "children", "zombies", "marked"):
                await soak.at_most(name, getattr(before, name))
            assert {name for name, count in Counter(ours(of_others)).items() if count > 1} == set()
            assert sum(soak.injector.done.values()) == (WARM_UP + 2) * PLAN.acts
            assert soak.load.done["answered"]
            assert len(soak.latencies) == (WARM_UP + 1) * PLAN.probes
            assert soak.load.wrong == []
            assert soak.log.wrong == []
        assert marked(soak.world.home) == {}


def ours(of_others: Collection[threading.Thread]) -> list[str]:
    """Return the names of the threads that the store started itself; it starts each once."""
    here = [thread for thread in threading.enumerate() if thread not in of_others]
    return [thread.name for thread in here if thread.name.startswith("mcpstore")]
