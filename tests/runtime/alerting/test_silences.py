"""People can say what they do not want to hear of, for a while."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.errors import MCPStoreError
from mcpstore.hooks import AlertRule
from mcpstore.runtime.alerting.silences import MAX_SILENCES, Silences

pytestmark = pytest.mark.anyio

HOUR = 3600.0


def rules():
    return [AlertRule("odd", lambda _m: True, message="{service_name}")]


async def test_what_is_silenced_is_told_when_the_silence_ends(watch):
    world = await watch(offered=rules())
    await world.alarm.silence("a*", "odd", HOUR, "works on the line")
    await world.start("ab", "b")

    await asyncio.sleep(HOUR / 2)
    assert world.person.received == [("odd", "b", "fired")]
    await world.until(lambda: len(world.person.received) == 2)

    assert world.fleet.clock.now() == pytest.approx(HOUR, abs=10)
    assert world.alarm.silences() == []


async def test_a_silence_can_be_ended(watch):
    world = await watch(offered=rules())
    silence = await world.alarm.silence("*", "*", HOUR, "")
    await world.start("a")
    await asyncio.sleep(60)

    assert world.person.received == []
    assert await world.alarm.unsilence(silence.id)
    assert not await world.alarm.unsilence(silence.id)
    await world.until(lambda: world.person.received, 10)


async def test_the_end_of_what_was_told_is_told_although_it_is_silenced(watch):
    world = await watch(offered=rules())
    await world.start("a")
    await world.until(lambda: world.person.received)

    await world.alarm.silence("a", "*", HOUR, "")
    await world.fleet.supervisor.stop("a")
    await world.until(lambda: len(world.person.received) == 2, 10)


async def test_silences_outlast_the_manager(watch, tmp_path):
    world = await watch(folder=tmp_path)
    silence = await world.alarm.silence("a", "odd", HOUR, "why")
    await world.alarm.close()

    again = await watch(folder=tmp_path, offered=rules())
    await again.start("a")
    await asyncio.sleep(60)

    assert again.alarm.silences() == [silence]
    assert again.person.received == []


async def test_a_silence_that_cannot_be_kept_holds_all_the_same(watch, tmp_path):
    world = await watch(folder=tmp_path / "state", offered=rules())
    (tmp_path / "state" / "silences.jsonl").mkdir(parents=True)

    with pytest.raises(MCPStoreError, match="silences cannot be written to disk"):
        await world.alarm.silence("a", "*", HOUR, "")

    assert len(world.alarm.silences()) == 1


def test_the_number_of_silences_has_a_bound():
    silences = Silences(None)
    for number in range(MAX_SILENCES + 10):
        silences.add(f"s{number}", "*", 1000.0 + number, "", float(number))

    assert len(silences.active(0.0)) == MAX_SILENCES
    assert silences.active(0.0)[0].service == "s10"


def test_lines_that_are_no_silences_are_left_out(tmp_path):
    file = tmp_path / "silences.jsonl"
    file.write_text('{"id": "1", "service": "a", "rule": "*", "until": 5}\n{"id": 1}\n[]\nno json\n{"id": "2", "ser')
    silences = Silences(file)
    silences.load()

    assert [silence.id for silence in silences.active(0.0)] == ["1"]
