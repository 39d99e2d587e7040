"""Notifications of the modern era, which need a subscription."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from mcpstore.errors import ServiceError
from mcpstore.hooks import ClientEndpoint
from mcpstore.wire.list_subscriptions import RELISTEN_MAX
from wire.scripted import MODERN, opened, refusing, silent, time_flies, turns

LISTEN = "subscriptions/listen"
CHANGES = {"listChanged": True}
CHANGING = {**MODERN, "capabilities": {"tools": CHANGES, "prompts": {}, "resources": CHANGES}}


def listening(heard, listen=silent, discover=CHANGING):
    peer = ClientEndpoint(on_notification=lambda method, params: heard.append((method, params)))
    return opened(peer, initialize=refusing(-32601), **{"server/discover": discover, LISTEN: listen})


async def test_changeable_lists_are_subscribed_before_they_are_read():
    heard = []
    async with listening(heard) as scripted:
        (listen,) = scripted.named(LISTEN)
        assert listen["params"]["notifications"] == {"toolsListChanged": True, "resourcesListChanged": True}
        assert listen["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        stamp = {"_meta": {"io.modelcontextprotocol/subscriptionId": listen["id"]}}
        scripted.say(
            method="notifications/subscriptions/acknowledged",
            params={**stamp, "notifications": {"toolsListChanged": True}},
        )
        scripted.say(method="notifications/tools/list_changed", params=stamp)
        assert heard == [("notifications/tools/list_changed", stamp)]


@pytest.mark.parametrize(
    "capabilities", [{}, {"tools": {}}, {"tools": {"listChanged": False}}, {"tools": True}, {"logging": CHANGES}]
)
async def test_a_server_with_constant_lists_receives_no_subscription(capabilities):
    async with listening([], discover={**MODERN, "capabilities": capabilities}) as scripted:
        await turns()
        assert scripted.sent == []


async def test_a_legacy_server_needs_no_subscription():
    async with opened() as scripted:
        await turns()
        assert scripted.sent == []


@pytest.mark.parametrize("code", [-32601, -32600, -32602])
async def test_a_server_without_subscriptions_is_asked_once(code):
    async with listening([], refusing(code)) as scripted:
        with time_flies():
            await asyncio.sleep(1000)
        assert len(scripted.named(LISTEN)) == 1
        assert await scripted.engine.request("ping") == {}


async def test_after_a_gap_every_list_is_reported_as_changed():
    heard = []
    async with listening(heard) as scripted:
        await turns()
        scripted.say(id=scripted.named(LISTEN)[0]["id"], result={"resultType": "complete"})
        with time_flies():
            await asyncio.sleep(2)
        assert len(scripted.named(LISTEN)) == 2
        assert heard == []
        acknowledged = {"method": "notifications/subscriptions/acknowledged", "params": {}}
        scripted.say(**acknowledged)
        scripted.say(**acknowledged)
    assert heard == [("notifications/tools/list_changed", {}), ("notifications/resources/list_changed", {})]


async def test_a_subscription_that_the_server_cancels_is_renewed():
    async with listening([]) as scripted:
        await turns()
        number = scripted.named(LISTEN)[0]["id"]
        other = asyncio.create_task(scripted.engine.request("ping", {}))
        scripted.answers["ping"] = silent
        await turns()
        scripted.say(method="notifications/cancelled", params={"requestId": number})
        with time_flies():
            await asyncio.sleep(2)
        assert len(scripted.named(LISTEN)) == 2
        assert not other.done()
        scripted.say(method="notifications/cancelled", params={"requestId": scripted.named("ping")[0]["id"]})
        await turns()
        assert not other.done()  # a server may end its notifications in this way, but not pending requests
        scripted.say(id=scripted.named("ping")[0]["id"], result={})
        await other


async def test_a_subscription_that_ends_at_once_is_renewed_with_backoff():
    times = []

    def end_at_once(_params):
        times.append(asyncio.get_running_loop().time())
        if len(times) % 2:
            return {}
        raise ServiceError(-32603, "later")

    async with listening([], end_at_once):
        with time_flies():
            await asyncio.sleep(400)
    pauses = [round(b - a) for a, b in pairwise(times)]
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(pauses[6:]) == {60}


async def test_a_subscription_that_lasted_is_renewed_soon():
    times = []

    def note(_params):
        times.append(asyncio.get_running_loop().time())
        return silent(_params) if len(times) == 4 else {}

    async with listening([], note) as scripted:
        with time_flies():
            await asyncio.sleep(RELISTEN_MAX * 3)
            began = asyncio.get_running_loop().time()
            scripted.say(id=scripted.named(LISTEN)[3]["id"], result={})
            await asyncio.sleep(1.5)
    assert round(times[4] - began) == 1


async def test_a_subscription_waits_when_too_many_requests_are_pending(monkeypatch):
    monkeypatch.setattr("mcpstore.wire.engine.MAX_PENDING", 1)
    async with listening([], {}) as scripted:
        await turns(10)
        scripted.answers["ping"] = silent
        asked = asyncio.create_task(scripted.engine.request("ping"))
        with time_flies():
            await asyncio.sleep(2)
            assert len(scripted.named(LISTEN)) == 1
            scripted.say(id=scripted.named("ping")[0]["id"], result={})
            await asked
            await asyncio.sleep(10)
        assert len(scripted.named(LISTEN)) > 1


async def test_a_subscription_ends_with_the_connection():
    async with listening([]) as scripted:
        await turns()
        scripted.gone()
        with time_flies():
            await asyncio.sleep(100)
        assert len(scripted.named(LISTEN)) == 1


async def test_a_failed_subscription_ends_with_the_connection_too():
    async with listening([], {}) as scripted:
        await turns(10)
        scripted.gone()
        with time_flies():
            await asyncio.sleep(100)
        assert len(scripted.named(LISTEN)) == 1
