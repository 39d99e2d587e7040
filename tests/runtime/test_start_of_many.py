"""A fleet that starts at once: every service gets its turn within its time limit."""

from __future__ import annotations

import asyncio
import os
from collections import Counter

import pytest

from mcpstore.hooks import Transport, hookimpl
from mcpstore.models.service import ServiceConnectionState, ServiceSpec
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer, ScriptedSettings

S = ServiceConnectionState
FLEET = 100
AT_ONCE = min(4, 2 * (os.cpu_count() or 1))


class Local(ScriptedPlugin):
    """The scripted transport, said to start processes; counts who opens."""

    def __init__(self) -> None:
        super().__init__()
        self.opening = self.most = 0
        self.begun: list[float] = []

    @hookimpl
    def mcpstore_transports(self):
        return [Transport(name="local", config=ScriptedSettings, connect=self.connect, is_local=True)]


class Costly(ScriptedServer):
    """A server that takes its time to open, and notes how many do so beside it."""

    def __init__(self, name: str, local: Local, takes: float) -> None:
        super().__init__(name)
        self.local = local
        self.open_delay = takes

    @property
    def open_now(self) -> int:
        return self._open_now

    @open_now.setter
    def open_now(self, value: int) -> None:
        if value > getattr(self, "_open_now", 0):
            self.local.begun.append(asyncio.get_running_loop().time())
            self.local.opening += 1
            self.local.most = max(self.local.most, self.local.opening)
        self._open_now = value

    async def answer(self, method, params):
        if method == "tools/list" and len(self.connection.requests) == 1:  # the first thing it is asked
            self.local.opening -= 1
        return await super().answer(method, params)


@pytest.fixture
def storm(make_fleet):
    """Return what starts a fleet of local services that each take so long to open."""

    def start(takes: float):
        local = Local()
        fleet = make_fleet(plugins={"local": local})
        local.servers = fleet.servers
        for number in range(FLEET):
            name = f"s{number:03}"
            fleet.servers[name] = Costly(name, local, takes)
            fleet.supervisor.add(ServiceSpec(name=name, transport="local", settings={"server": name}))
        fleet.supervisor.start_in_order(list(fleet.servers))
        return fleet, local

    return start


async def all_healthy(fleet):
    for name in fleet.servers:
        await fleet.until(name, S.HEALTHY, 3600)
    await fleet.supervisor.bus.flush()


@pytest.mark.parametrize("takes", [0.4, 3.0, 28.0])
async def test_a_hundred_services_all_start_at_the_first_attempt(storm, takes):
    fleet, _ = storm(takes)
    await all_healthy(fleet)
    assert Counter(change.new.value for change in fleet.changes) == {"initializing": FLEET, "healthy": FLEET}
    assert all(server.opened == 1 for server in fleet.servers.values())
    if takes > 20:  # the last ones have waited for longer than they may take
        assert fleet.clock.now() > 100


async def test_starts_are_limited_to_a_few_at_a_time(storm):
    fleet, local = storm(3.0)
    await all_healthy(fleet)
    assert local.most == AT_ONCE


async def test_openings_begin_twenty_in_any_second_at_most(storm):
    fleet, local = storm(0.0)
    await all_healthy(fleet)
    assert len(local.begun) == FLEET
    assert all(later - earlier >= 1.0 for earlier, later in zip(local.begun, local.begun[20:], strict=False))


async def test_first_checks_of_a_fleet_are_spread_over_an_interval(fleet):
    asked = []
    for number in range(FLEET):
        server = fleet.add(f"s{number:03}")
        server.answers["ping"] = lambda _params: asked.append(fleet.clock.now()) or {}
    fleet.supervisor.start_in_order(list(fleet.servers))
    await asyncio.sleep(36)
    by_interval_tenth = Counter(int(when // 3) for when in asked[:FLEET])
    assert len(by_interval_tenth) >= 9
    assert max(by_interval_tenth.values()) <= FLEET / 4


async def test_retries_of_many_services_are_not_synchronized(fleet):
    for number in range(FLEET):
        fleet.add(f"s{number:03}")
    fleet.supervisor.start_in_order(list(fleet.servers))
    for name in fleet.servers:
        await fleet.until(name, S.HEALTHY, 60)
    for server in fleet.servers.values():
        server.die()
    await asyncio.sleep(0.01)
    due = {fleet.runner(name).history.next_retry for name in fleet.servers}
    assert len(due) > 0.9 * FLEET
