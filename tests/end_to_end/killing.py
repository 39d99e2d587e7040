"""Kills managers under load repeatedly, and counts the violations."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs

from .deaths import PATIENCE, Eyes, World, load, server

BASE: dict[str, Any] = {
    "polite": server(),
    "stubborn": server("ignore-eof", "ignore-term"),
    "daemons": server("group", "session", "daemon", "ignore-eof", "ignore-term"),
    "stopped": server(disabled=True),
    "changing": server(),
}
STEADY = ("polite", "stubborn", "daemons")
EXTRA = {"extra0", "extra1", "extra2"}


@attrs.define
class Toll:
    """Results of killing managers.

    Attributes:
        kills: Number of killed managers.
        survived: Number of kills that left processes behind.
        doubles: Descriptions of services that ran twice, and of survivors beside the processes of another manager.
        changed: Descriptions of configuration entries that differ from what was written.
        looks: Number of process scans.
        after: Descriptions of what the last manager found or left, but must not.
    """

    kills: int = 0
    survived: int = 0
    doubles: list[str] = attrs.field(factory=list)
    changed: list[str] = attrs.field(factory=list)
    looks: int = 0
    after: list[str] = attrs.field(factory=list)


async def killed(world: World, kills: int, seed: int, say: Callable[[int], None] = lambda _number: None) -> Toll:
    """Kill managers at random instants, while they start and while they work; the last one is stopped normally.

    Args:
        world: The configuration; it must contain BASE.
        kills: Number of kills.
        seed: Seed of all random decisions.
        say: Called with the number of each kill.
    """
    dice, toll = random.Random(seed), Toll()
    with Eyes(world) as eyes:
        for number in range(1, kills + 1):
            say(number)
            await _kill(world, dice)
            toll.kills += 1
            toll.survived += bool(world.look())
            toll.changed += [f"kill {number}: {message}" for message in _changed(world.entries())]
        toll.after = await _the_next(world)
    toll.doubles, toll.looks = eyes.wrong, eyes.looks
    return toll


async def _kill(world: World, dice: random.Random) -> None:
    manager = await world.up()
    trouble = asyncio.create_task(load(world, dice))
    with suppress(TimeoutError):  # early kills hit the manager while it starts, late ones while it works
        await asyncio.wait_for(manager.wait(), dice.uniform(0.1, 3.0))
    assert manager.returncode is None, world.log
    manager.kill()
    await manager.wait()
    trouble.cancel()
    await asyncio.wait([trouble])


def _changed(entries: dict[str, Any]) -> list[str]:
    """Return lost or changed entries; `changing` may be stopped, and extra entries are added and removed."""
    result = dict(entries)
    if isinstance(result.get("changing"), dict):
        result["changing"] = {key: value for key, value in result["changing"].items() if key != "disabled"}
    unknown = result.keys() - BASE.keys() - EXTRA
    return [f"{name} is {result.get(name)}" for name in BASE if result.get(name) != BASE[name]] + sorted(unknown)


async def _the_next(world: World) -> list[str]:
    """Start a manager until all services run, stop it, and return what differs from a run without kills."""
    wanted = sorted(name for name, entry in world.entries().items() if not entry.get("disabled"))
    manager = await world.up()
    await world.healthy(*wanted)
    seen = world.look()
    traces = world.state / "traces"
    results = [f"{each} is of another manager" for each in seen if each.manager.partition(".")[0] != str(manager.pid)]
    if (leaders := sorted(each.service for each in seen if each.is_leader)) != wanted:
        results.append(f"{leaders} run and {wanted} are wanted")
    if (family := sum(each.service == "daemons" for each in seen)) != 4:
        results.append(f"daemons has {family} processes")
    if (records := len(list(traces.iterdir()))) != len(wanted):
        results.append(f"there are {records} records of {len(wanted)} connections")
    async with asyncio.timeout(PATIENCE):
        while world.zombies(manager.pid):
            await asyncio.sleep(0.05)
    manager.terminate()
    if (code := await asyncio.wait_for(manager.wait(), PATIENCE)) != 0:
        results.append(f"it ended with {code}: {world.log}")
    results += [f"{each} is left" for each in world.look()]
    results += [f"the record {path.name} is left" for path in traces.iterdir()]
    return [*results, *(["there is a traceback in its log"] if "Traceback" in world.log else [])]
