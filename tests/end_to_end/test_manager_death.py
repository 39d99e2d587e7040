"""A manager may be killed at any instant: no process is doubled, no entry is lost, no process is left."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from .deaths import PATIENCE, World, server
from .killing import BASE, STEADY, killed

KILLS = int(os.environ.get("MCPSTORE_KILLS", "10"))
SEED = int(os.environ.get("MCPSTORE_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    created = World(tmp_path)
    created.write(**BASE)
    yield created
    await created.end()


@pytest.mark.chaos
@pytest.mark.timeout(3600)
async def test_a_manager_killed_at_any_instant_leaves_no_process_after_the_next_start(world: World):
    toll = await killed(world, KILLS, SEED)

    text = f"seed {SEED}"
    assert toll.doubles == [], text
    assert toll.changed == [], text
    assert toll.after == [], text
    assert toll.looks > toll.kills == KILLS
    assert toll.survived, "no kill left anything behind, so nothing was tested"


async def test_a_second_manager_and_a_single_command_do_not_end_children_of_the_first_manager(world: World):
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
    third = await world.up()  # ends the processes that both have left
    await world.healthy(*STEADY, "changing")
    assert {each.manager.partition(".")[0] for each in world.look()} == {str(third.pid)}
    assert [path.name for path in world.folder.glob("state-*")] == []


async def test_a_deleted_state_directory_ends_no_running_process(world: World):
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


async def test_a_suspended_manager_counts_as_alive(world: World):
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


async def test_a_process_that_escaped_every_group_does_not_outlive_a_stopped_manager(world: World, tmp_path: Path):
    # Without a control group, a process that drops marker, session and parent is found only by its adoption.
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
