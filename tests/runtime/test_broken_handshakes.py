"""Servers that end, or fall silent, at any byte of what they say while they are opened."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from mcpstore import hookimpl
from mcpstore.errors import NotReady
from mcpstore.hooks import Exit, Transport
from mcpstore.models.service import ServiceConnectionState, ServiceSpec
from mcpstore.wire import JsonLines
from testing.loopback import Settings, Wire

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time

S = ServiceConnectionState
HANDSHAKE = 60.0
AT_ONCE = 0.1
"""Seconds within which an exit must be known."""


class CutShort(JsonLines):
    """An engine that hears so many bytes and no more."""

    left = 1 << 30
    heard = 0
    exits = True

    def feed(self, data):
        data = data[: self.left]
        self.left -= len(data)
        self.heard += len(data)
        super().feed(data)
        if not self.left and self.exits:
            self.end(Exit(reason="exited with code 3", code=3, stderr=("no memory",)))


class Cut:
    """A transport to servers whose words are cut after so many bytes."""

    def __init__(self, exits):
        self.exits = exits
        self.left = 1 << 30
        self.opened = 0
        self.heard = 0

    @asynccontextmanager
    async def connect(self, settings, peer):
        self.opened += 1
        wire = Wire(settings.flags, peer)
        wire.engine = CutShort(peer, wire)
        wire.engine.left, wire.engine.exits = self.left, self.exits
        try:
            if self.exits and not self.left:
                raise NotReady("exited with code 3 before it was ready", exit_code=3)
            await wire.engine.open()
            yield wire.engine
        finally:
            self.heard = wire.engine.heard
            wire.doom.cancel()
            wire.engine.end(Exit(reason="closed by this side"))

    @hookimpl
    def mcpstore_transports(self):
        return [
            Transport(name="cut", config=Settings, connect=self.connect, handshake_timeout=lambda _settings: HANDSHAKE)
        ]


async def all_lengths(make_fleet, exits):
    """Open a service again and again, cut ever later; yields length, runner, and the seconds until it failed."""
    cut = Cut(exits)
    fleet = make_fleet(plugins={"cut": cut})
    spec = ServiceSpec(name="a", transport="cut", settings={"flags": []})
    fleet.supervisor.add(spec)
    assert await fleet.supervisor.start("a")
    await fleet.supervisor.stop("a")
    whole = cut.heard
    assert whole > 1000
    for length in range(whole + (1 if exits else 0)):
        cut.left, cut.opened, runner = length, 0, fleet.runner("a")
        began = fleet.clock.now()
        starting = asyncio.create_task(fleet.supervisor.start("a"))
        await runner.until(lambda: cut.opened == 1, 10)  # it waits for its turn, twenty a second
        admitted = fleet.clock.now()
        assert admitted - began <= 1.5
        await runner.until(lambda runner=runner: runner.ctx.connection is S.RECONNECTING, HANDSHAKE + 10)
        yield length, runner, fleet.clock.now() - admitted
        await fleet.supervisor.stop("a")
        await starting
    await fleet.supervisor.remove("a")


async def test_an_exit_at_any_byte_is_reported_at_once_with_its_code(make_fleet):
    async for length, runner, took in all_lengths(make_fleet, exits=True):
        assert took <= AT_ONCE, length
        assert runner.ctx.connection is S.RECONNECTING, length
        assert runner.history.exit.code == 3, length
        assert "exited with code 3" in runner.history.error, length


async def test_silence_from_any_byte_on_ends_at_the_deadline_of_the_handshake(make_fleet):
    async for length, runner, took in all_lengths(make_fleet, exits=False):
        assert HANDSHAKE - 1 <= took <= HANDSHAKE + 6, length
        assert runner.ctx.connection is S.RECONNECTING, length
        assert "'initialize'" in runner.history.error or "'tools/list'" in runner.history.error, runner.history.error
