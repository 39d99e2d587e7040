"""A manager may be killed at any instant: nothing doubles, nothing is lost, nothing stays."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest

from .deaths import PATIENCE, Eyes, World, load, server

KILLS = int(os.environ.get("MCPSTORE_KILLS", "10"))
SEED = int(os.environ.get("MCPSTORE_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
BASE = {
    "polite": server(),
    "stubborn": server("ignore-eof", "ignore-term"),
    "daemons": server("group", "session", "daemon", "ignore-eof", "ignore-term"),
    "stopped": server(disabled=True),
    "changing": server(),
}
STEADY = ("polite", "stubborn", "daemons")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    made = World(tmp_path)
    made.write(**BASE)
    yield made
    await made.end()


@pytest.mark.chaos
@pytest.mark.timeout(3600)
async def test_a_manager_that_is_killed_at_any_instant_leaves_nothing_to_the_next(world: World):
    dice = random.Random(SEED)
    survived = 0
    with Eyes(world) as eyes:
        for number in range(KILLS):
            manager = await world.up()
            trouble = asyncio.create_task(load(world, dice))
            with suppress(TimeoutError):  # early ones hit it while it starts, late ones while it works
                await asyncio.wait_for(manager.wait(), dice.uniform(0.1, 3.0))
            assert manager.returncode is None, world.log
            manager.kill()
            await manager.wait()
            trouble.cancel()
            await asyncio.wait([trouble])
            survived += bool(world.look())
            entries = world.entries()
            told = f"kill {number + 1} of seed {SEED}"
            assert set(entries) <= {*BASE, "extra0", "extra1", "extra2"}, told
            assert {name: entries[name] for name in (*STEADY, "stopped")} == {
                name: BASE[name] for name in (*STEADY, "stopped")
            }, told
            assert entries["changing"].pop("disabled", False) in (True, False), told
            assert entries["changing"] == BASE["changing"], told
            assert eyes.wrong == [], told
        await _the_next_is_as_if_nothing_had_been(world)
    assert eyes.wrong == [], f"seed {SEED}"
    assert eyes.looks > KILLS
    assert survived, "no kill left anything behind, so nothing was tested"


async def _the_next_is_as_if_nothing_had_been(world: World) -> None:
    wanted = [name for name, entry in world.entries().items() if not entry.get("disabled")]
    manager = await world.up()
    await world.healthy(*wanted)
    seen = world.look()
    assert {each.manager.partition(".")[0] for each in seen} == {str(manager.pid)}
    assert sorted(each.service for each in seen if each.is_leader) == sorted(wanted)
    assert len([each for each in seen if each.service == "daemons"]) == 4
    assert len(list((world.state / "traces").iterdir())) == len(wanted)
    async with asyncio.timeout(PATIENCE):
        while world.zombies(manager.pid):
            await asyncio.sleep(0.05)
    manager.terminate()
    assert await asyncio.wait_for(manager.wait(), PATIENCE) == 0, world.log
    assert world.look() == []
    assert list((world.state / "traces").iterdir()) == []
    assert "Traceback" not in world.log


async def test_a_second_manager_and_one_that_passes_by_leave_the_children_of_the_first_alone(world: World):
    first = await world.up()
    await world.healthy(*STEADY, "changing")
    before = world.look()
    second = await world.up()
    async with asyncio.timeout(PATIENCE):
        while "runs beside it" not in world.log:
            await asyncio.sleep(0.05)
        while len([each for each in world.look() if each.is_leader]) < 8:
            await asyncio.sleep(0.05)
    assert set(before) <= set(world.look())
    second.kill()
    await second.wait()
    from mcpstore import AsyncMCPStore

    async with AsyncMCPStore(world.config, state_dir=world.state, start=False):
        assert set(before) <= set(world.look())
    first.kill()
    await first.wait()
    third = await world.up()  # ends what both have left
    await world.healthy(*STEADY, "changing")
    assert {each.manager.partition(".")[0] for each in world.look()} == {str(third.pid)}
    assert [path.name for path in world.folder.glob("state-*")] == []


async def test_a_state_directory_that_is_deleted_costs_nobody_a_process(world: World):
    first = await world.up()
    await world.healthy(*STEADY, "changing")
    before = world.look()
    for path in sorted(world.state.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    world.state.rmdir()
    second = await world.up()
    await world.healthy(*STEADY, "changing")
    assert set(before) <= set(world.look())
    for manager in (first, second):
        manager.kill()
        await manager.wait()
    third = await world.up()
    await world.healthy(*STEADY, "changing")
    assert {each.manager.partition(".")[0] for each in world.look()} == {str(third.pid)}


async def test_a_manager_that_only_stands_still_is_alive(world: World):
    first = await world.up()
    await world.healthy(*STEADY, "changing")
    before = world.look()
    first.send_signal(signal.SIGSTOP)
    try:
        second = await world.up()
        async with asyncio.timeout(PATIENCE):
            while not any(each.manager.startswith(f"{second.pid}.") for each in world.look()):
                await asyncio.sleep(0.05)
        assert set(before) <= set(world.look())
    finally:
        first.send_signal(signal.SIGCONT)


async def test_what_escaped_everything_does_not_outlive_a_manager_that_is_stopped(world: World, tmp_path: Path):
    # Without a control group, a process that drops marker, session and parent is found by nothing but its adoption.
    place = tmp_path / "pid"
    child = f"import os, time; open({str(place)!r}, 'w').write(str(os.getpid())); time.sleep(300)"
    code = f"""
import os, subprocess, sys
if os.fork() == 0:
    subprocess.Popen([sys.executable, "-S", "-E", "-c", {child!r}], env={{}}, start_new_session=True)
    os._exit(0)
os.wait()
while not os.path.exists({str(place)!r}): pass
sys.argv = ["stubborn"]
exec(open({str(server()["args"][2])!r}).read())
"""
    entry = {"command": server()["command"], "args": ["-S", "-E", "-c", code]}
    world.write(escaping={**entry, "mcpstore": {"containment": "marker"}})
    manager = await world.up()
    await world.healthy("escaping")
    assert (await world.ask("info", name="escaping"))["containment"] == "subreaper"
    manager.terminate()
    await asyncio.wait_for(manager.wait(), PATIENCE)
    assert int(place.read_text()) not in world.everyone()
