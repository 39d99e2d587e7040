"""Services that answer and want something: a login, or to be left alone for a while."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from mcpstore.errors import AuthRequired, NotReady, ServiceBusy, ServiceError
from mcpstore.models.service import Choice, Reason, ServiceConnectionState

S = ServiceConnectionState
DAY = 86_400.0


def times(fleet, server, method="ping"):
    """Record the times at which a method is requested."""
    asked, configured = [], server.answers.get(method)

    def answer(params):
        asked.append(fleet.clock.now())
        return configured(params) if callable(configured) else configured

    server.answers[method] = answer
    return asked


@pytest.mark.parametrize("status", [401, 403])
async def test_a_service_that_requires_a_login_is_opened_twice_an_hour_with_that_reason(fleet, status):
    server = fleet.add("a")
    server.open_error = AuthRequired(f"needs login: answered {status}")
    await fleet.supervisor.start("a")
    await asyncio.sleep(DAY)
    assert fleet.runner("a").ctx.reason is Reason.PERMANENT
    assert 40 <= server.opened <= 51


@pytest.mark.parametrize("status", [401, 403])
async def test_a_service_that_requires_a_login_only_to_list_tools_is_treated_alike(fleet, status):
    server = fleet.add("a")
    server.answers["tools/list"] = ServiceError(-32603, "needs login", {"httpStatus": status})
    await fleet.supervisor.start("a")
    assert fleet.runner("a").ctx.connection is S.DISCONNECTED
    assert fleet.runner("a").ctx.reason is Reason.PERMANENT
    await asyncio.sleep(DAY)
    assert 40 <= server.opened <= 51
    assert "needs login" in fleet.runner("a").history.error


async def test_a_token_that_expires_while_the_service_is_open_leads_to_the_same_cool_down(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    await asyncio.sleep(3600)
    server.answers["ping"] = ServiceError(-32603, "needs login", {"httpStatus": 401})
    server.open_error = AuthRequired("needs login")
    await fleet.until("a", S.DISCONNECTED)
    assert fleet.runner("a").ctx.reason is Reason.PERMANENT
    before = server.opened
    await asyncio.sleep(DAY)
    assert server.opened - before <= 51


async def test_other_errors_of_a_listing_cause_no_long_cool_down(fleet):
    server = fleet.add("a")
    server.answers["tools/list"] = ServiceError(-32603, "the database is away", {"httpStatus": 500})
    await fleet.supervisor.start("a")
    assert fleet.runner("a").ctx.connection is S.RECONNECTING


async def test_a_busy_service_is_alive_and_not_checked_before_its_retry_after(fleet):
    server = fleet.add("a")
    server.answers["ping"] = ServiceBusy("answered 429", retry_after=300)
    asked = times(fleet, server)
    await fleet.supervisor.start("a")
    await asyncio.sleep(DAY)
    await fleet.supervisor.bus.flush()
    assert server.opened == 1
    assert fleet.states("a")[-1] == S.WARNING
    waits = [after - before for before, after in itertools.pairwise(asked)]
    assert 270 < len(waits) < 290
    assert min(waits) >= 300


async def test_a_slow_check_after_a_retry_after_does_not_expire_the_state(fleet, caplog):
    server = fleet.add("a")
    server.answers["ping"] = ServiceBusy("answered 429", retry_after=300)
    server.delay = 4.0
    await fleet.supervisor.start("a")
    await asyncio.sleep(DAY)
    await fleet.supervisor.bus.flush()
    assert S.UNKNOWN not in fleet.states("a")
    assert "state unknown" not in caplog.text


async def test_a_busy_service_without_retry_after_is_checked_as_usual(fleet):
    server = fleet.add("a")
    server.answers["ping"] = ServiceBusy("answered 429")
    asked = times(fleet, server)
    await fleet.supervisor.start("a")
    await asyncio.sleep(600)
    assert server.opened == 1
    assert 50 <= len(asked) <= 70


async def test_a_busy_service_is_checked_as_usual_after_it_was_opened_again(fleet):
    server = fleet.add("a")
    server.answers["ping"] = ServiceBusy("answered 429", retry_after=DAY)
    await fleet.supervisor.start("a")
    await fleet.until("a", S.WARNING)
    del server.answers["ping"]
    server.die()
    await fleet.until("a", S.RECONNECTING)
    await fleet.until("a", S.HEALTHY)
    await fleet.runner("a").until(lambda: fleet.runner("a").is_checking, 40)
    assert fleet.runner("a").is_checking


@pytest.mark.parametrize("where", ["at the door", "at the list"])
async def test_a_service_that_is_busy_while_opening_is_not_opened_before_its_retry_after(fleet, where):
    server = fleet.add("a")
    if where == "at the door":
        server.open_error = NotReady("answered 503", retry_after=900)
    else:
        server.answers["tools/list"] = ServiceBusy("answered 429", retry_after=900)
    await fleet.supervisor.start("a")
    await asyncio.sleep(890)
    assert server.opened == 1
    await asyncio.sleep(DAY)
    assert 90 <= server.opened <= 97


async def test_a_listing_answered_with_retry_after_is_repeated_only_after_it(fleet):
    server = fleet.add("a", health=Choice("call_tool", {"tool": "echo"}))
    await fleet.supervisor.start("a")
    server.answers["tools/list"] = ServiceBusy("answered 429", retry_after=500)
    asked = times(fleet, server, "tools/list")
    for _ in range(1000):
        server.connection.peer.on_notification("notifications/tools/list_changed", {})
        await asyncio.sleep(1)
    assert 2 <= len(asked) <= 3
    assert min(after - before for before, after in itertools.pairwise(asked)) >= 500
    assert fleet.registry.find_tool("echo")
