"""Admission control: openings that hang delay no other, and slow ones are not made slower by all the others."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.models.service import ServiceConnectionState
from mcpstore.runtime import admission
from mcpstore.runtime.admission import Admission
from mcpstore.testing.loop import FakeClock

S = ServiceConnectionState
PLACES = {True: admission.LOCAL_AT_ONCE, False: admission.REMOTE_AT_ONCE}


class Openings:
    """Openings of so many seconds each, and when they are over."""

    def __init__(self, is_local: bool) -> None:
        self.admission = Admission(FakeClock())
        self.is_local = is_local
        self.order: list[str] = []
        self.now = self.most = 0

    async def one(self, name: str, seconds: float) -> None:
        async with self.admission.turn(is_local=self.is_local):
            self.order.append(name)
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.now -= 1

    async def take(self, hung: int, good: int, seconds: float) -> float:
        """Return how long good ones take that come after those that hang."""
        began = asyncio.get_running_loop().time()
        hanging = [asyncio.create_task(self.one(f"h{i}", 10**6)) for i in range(hung)]
        await asyncio.sleep(0)
        await asyncio.gather(*(self.one(f"g{i}", seconds) for i in range(good)))
        took = asyncio.get_running_loop().time() - began
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        return took


@pytest.mark.parametrize("is_local", [True, False])
async def test_one_hanging_opening_delays_ninety_nine_others_by_less_than_five_per_cent(is_local):
    alone = await Openings(is_local).take(0, 99, 2.0)
    beside = await Openings(is_local).take(1, 99, 2.0)
    assert beside <= alone * 1.05


@pytest.mark.parametrize("is_local", [True, False])
async def test_more_hanging_openings_than_slots_delay_no_other_for_long(is_local):
    hung = PLACES[is_local] * admission.MAX_OVERFLOW_PER_SLOT
    took = await Openings(is_local).take(hung, 20, 0.1)
    assert took <= admission.SLOT_TIMEOUT * (admission.MAX_OVERFLOW_PER_SLOT + 1)


@pytest.mark.parametrize("is_local", [True, False])
async def test_concurrent_openings_are_limited_however_many_are_slow(is_local):
    openings = Openings(is_local)
    await openings.take(0, 200, 60.0)
    assert openings.most == PLACES[is_local] * (1 + admission.MAX_OVERFLOW_PER_SLOT)
    assert openings.order == [f"g{i}" for i in range(200)]


async def test_a_slot_that_timed_out_is_not_released_twice():
    openings = Openings(is_local=True)
    await openings.take(admission.LOCAL_AT_ONCE * admission.MAX_OVERFLOW_PER_SLOT, 8, 20.0)
    openings.most = 0
    await openings.take(0, 100, 1.0)
    assert openings.most == admission.LOCAL_AT_ONCE


async def test_the_rest_of_a_partly_hanging_fleet_becomes_healthy(fleet):
    hung, good = [f"h{i}" for i in range(20)], [f"g{i}" for i in range(80)]
    for name in hung:
        fleet.add(name).open_delay = 10**6
    for name in good:
        fleet.add(name).open_delay = 0.5
    fleet.supervisor.start_in_order([*hung, *good])
    for name in good:
        await fleet.until(name, S.HEALTHY, 15)
    assert {fleet.runner(name).ctx.connection for name in hung} == {S.INITIALIZING}
