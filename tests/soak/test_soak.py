"""A short soak: bounded by what happens, not by time, and judged by counts alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpstore.testing.leftovers import nothing_left

from .figures import marked
from .opening import soaking
from .soak import Plan

PLAN = Plan(services=8, seed=7, acts=25, pause=0.05, probes=10)
COUNTED = ("files", "tasks", "threads", "children", "zombies", "marked")


@pytest.mark.timeout(300)
async def test_whatever_happens_to_a_fleet_nothing_grows_and_nothing_is_left(tmp_path: Path):
    async with nothing_left(30.0):
        async with soaking(tmp_path, PLAN) as soak:
            await soak.round()  # modules are loaded, threads are made
            _, before = soak.calms[-1]
            await soak.round()
            for name in COUNTED:
                await soak.at_most(name, getattr(before, name))
            assert sum(soak.monkey.done.values()) == 2 * PLAN.acts
            assert soak.load.done["answered"]
            assert len(soak.latencies) == 2 * PLAN.probes
            assert soak.load.wrong == []
            assert soak.ears.wrong == []
        assert marked(soak.world.home) == {}
