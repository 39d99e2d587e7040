"""Figures of real processes: closed process trees, killed managers."""

from __future__ import annotations

import asyncio

from tests.bench import processes as bench
from tests.end_to_end.deaths import World
from tests.end_to_end.killing import BASE, killed

from .figure import Part, Work

KILLS, MANY_KILLS = 20, 200
TREES, MANY_TREES = 300, 1000


def trees(work: Work) -> list[Part]:
    count = MANY_TREES if work.long else TREES
    work.say("trees that are closed one after the other")
    return [
        Part(what=result.what, measured=result.ratio, aim=result.aim or 0.0, unit="s" if result.aim else "")
        for result in bench.measure(work.folder, hostile=count, say=work.say)
        if result.ratio is not None
    ]


def kills(work: Work) -> list[Part]:
    count = MANY_KILLS if work.long else KILLS
    toll = asyncio.run(_kills(work, count))
    return [
        Part(what=f"doubles, and survivors beside others, {count} kills", measured=len(toll.doubles), aim=0),
        Part(what="entries lost or changed", measured=len(toll.changed), aim=0),
        Part(what="left for the next manager, or by it", measured=len(toll.after), aim=0),
        Part(what="kills that left processes to be ended", measured=toll.survived, aim=1, at_least=True),
    ]  # fmt: skip


async def _kills(work: Work, count: int):
    world = World(work.folder)
    world.write(**BASE)
    try:
        return await killed(world, count, seed=1, say=lambda number: _tell(work, number, count))
    finally:
        await world.end()


def _tell(work: Work, number: int, count: int) -> None:
    if number % 10 == 1:
        work.say(f"kill {number} of {count}")
