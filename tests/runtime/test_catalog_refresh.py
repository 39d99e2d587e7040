"""When a service is asked again what it offers, and why."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mcpstore.errors import ServiceError
from mcpstore.models.service import Choice, ServiceConnectionState
from mcpstore.runtime.catalog_refresh import RefreshCause

S = ServiceConnectionState


@pytest.fixture
async def server(fleet):
    server = fleet.add("a", health=Choice("call_tool", {"tool": "echo"}))  # whose checks list nothing
    await fleet.supervisor.start("a")
    await asyncio.sleep(0.1)
    return server


def state(fleet):
    return fleet.runner("a").session.refresher.state


def listings(server):
    return sum(method == "tools/list" for method, _ in server.connection.requests)


async def test_tools_are_listed_when_a_service_is_opened_and_then_every_two_hours(fleet, server):
    assert (listings(server), state(fleet).cause) == (1, RefreshCause.CONNECTED)
    await asyncio.sleep(7100)
    assert listings(server) == 1
    server.tools = ("echo", "new")
    await asyncio.sleep(200)
    assert (listings(server), state(fleet).cause) == (2, RefreshCause.INTERVAL)
    assert fleet.registry.tools().names() == ["echo", "new"]
    assert state(fleet).next_time - state(fleet).time == pytest.approx(timedelta(hours=2), abs=timedelta(seconds=60))


async def test_tools_are_listed_after_a_service_was_reopened(fleet, server):
    server.tools = ("other",)
    server.die()
    await fleet.until("a", S.RECONNECTING)
    await fleet.until("a", S.HEALTHY)
    assert fleet.registry.tools().names() == ["other"]
    assert state(fleet).cause is RefreshCause.CONNECTED


async def test_tools_are_listed_when_the_service_reports_a_change(fleet, server):
    server.tools = ("echo", "new")
    server.connection.peer.on_notification("notifications/tools/list_changed", {})
    await asyncio.sleep(2)
    assert (listings(server), state(fleet).cause) == (2, RefreshCause.LIST_CHANGED)
    assert fleet.registry.tools().names() == ["echo", "new"]


async def test_a_service_that_reports_changes_without_end_is_listed_once_a_second(fleet, server):
    for _ in range(100):
        server.connection.peer.on_notification("notifications/tools/list_changed", {})
        await asyncio.sleep(0.5)
    assert 40 <= listings(server) <= 52


async def test_a_failed_listing_is_retried_soon_and_the_tools_stay(fleet, server):
    server.answers["tools/list"] = ServiceError(-32603, "not now")
    await asyncio.sleep(7210)
    refresh = state(fleet)
    assert (refresh.failures, refresh.error) == (1, "not now (code -32603)")
    assert fleet.registry.tools().names() == ["echo"]
    failed = listings(server)
    await asyncio.sleep(61)
    assert listings(server) == failed + 1
    server.answers.clear()
    server.tools = ("fixed",)
    await asyncio.sleep(600)
    assert (state(fleet).cause, state(fleet).failures, state(fleet).error) == (RefreshCause.FALLBACK, 0, None)
    assert fleet.registry.tools().names() == ["fixed"]


async def test_listings_that_keep_failing_become_rarer(fleet, server):
    server.answers["tools/list"] = ServiceError(-32603, "never")
    await asyncio.sleep(7210)
    before = listings(server)
    await asyncio.sleep(86_400)
    assert listings(server) - before < 30


async def test_many_requests_at_once_share_one_listing(fleet, server):
    refresher = fleet.runner("a").session.refresher
    server.delay = 1.0
    await asyncio.gather(*(refresher.now() for _ in range(50)))
    assert (listings(server), state(fleet).cause) == (2, RefreshCause.REQUEST)
