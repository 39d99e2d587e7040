"""What a server over HTTP hears of us in a day, by its own count: real requests, virtual time."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from mcpstore.models.service import Reason, ServiceConnectionState, ServiceSpec
from mcpstore_plugins import sse, streamable_http
from wire.http_world import Fake, answer, legacy, reply

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time

S = ServiceConnectionState
DAY = 86_400.0


@pytest.fixture
def fleet(make_fleet):
    return make_fleet(plugins={"sse": sse, "streamable_http": streamable_http})


class Counting(Fake):
    """A server that notes when it was asked."""

    def __init__(self, fleet, handle):
        super().__init__(lambda request: (self.times.append(fleet.clock.now()), handle(request))[1])
        self.times: list[float] = []

    @property
    def waits(self) -> list[float]:
        return [after - before for before, after in itertools.pairwise(self.times)]


async def a_day(fleet, fake, transport="streamable_http"):
    fleet.supervisor.add(ServiceSpec(name="a", transport=transport, settings={"url": fake.url}))
    await fleet.supervisor.start("a")
    await asyncio.sleep(DAY)
    await fleet.supervisor.bus.flush()
    return fleet.runner("a")


@pytest.mark.parametrize("transport", ["streamable_http", "sse"])
@pytest.mark.parametrize("status", [401, 403])
async def test_a_service_that_requires_a_login_is_opened_at_most_fifty_one_times_a_day(fleet, transport, status):
    async with Counting(fleet, lambda _: reply(status)) as fake:
        runner = await a_day(fleet, fake, transport)
        assert 40 <= len(fake.got) <= 51
        assert min(fake.waits) >= 1800 * 0.8
        assert (runner.ctx.connection, runner.ctx.reason) == (S.DISCONNECTED, Reason.PERMANENT)
        assert "needs login" in runner.history.error


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_of_an_hour_is_obeyed_while_opening(fleet, status):
    async with Counting(fleet, lambda _: reply(status, Retry_After="3600")) as fake:
        await a_day(fleet, fake)
        assert 20 <= len(fake.got) <= 25
        assert min(fake.waits) >= 3600


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_of_ten_minutes_is_obeyed_by_checks_and_the_service_stays_open(fleet, status):
    def handle(request):
        regular = legacy(request)
        if regular is None and request.rpc == "tools/list":
            return answer(request, {"tools": []})
        return reply(status, Retry_After="600") if regular is None else regular

    async with Counting(fleet, handle) as fake:
        runner = await a_day(fleet, fake)
        assert len(fake.asked("initialize")) == 1
        assert runner.ctx.connection is S.WARNING
        assert 130 <= len(fake.asked("ping")) <= 145


async def test_a_service_that_requires_a_login_only_to_list_tools_is_opened_as_rarely(fleet):
    async with Counting(fleet, lambda request: legacy(request) or reply(401)) as fake:
        runner = await a_day(fleet, fake)
        assert 40 <= len(fake.asked("tools/list")) <= 51
        assert (runner.ctx.connection, runner.ctx.reason) == (S.DISCONNECTED, Reason.PERMANENT)
