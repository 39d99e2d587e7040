"""What each health strategy asks of a service, and what its answers lead to."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.core.health_mapping import HealthResult
from mcpstore.errors import ServiceError
from mcpstore.models.service import Choice, ServiceConnectionState

S = ServiceConnectionState


async def checked(fleet, health, **script):
    """Return the runner of a service that was checked once by a strategy."""
    server = fleet.add("a", health=health)
    await fleet.supervisor.start("a")
    await asyncio.sleep(0.1)
    for name, value in script.items():
        setattr(server, name, value)
    await fleet.supervisor.check("a")
    return fleet.runner("a")


def asked(runner):
    """Return what the last check asked."""
    return runner.session.connection.requests[-1]


async def test_ping_is_a_heartbeat(fleet):
    runner = await checked(fleet, Choice("ping"))
    assert runner.ctx.connection is S.HEALTHY
    assert asked(runner) == ("ping", {})


async def test_a_service_that_does_not_know_ping_is_alive(fleet):
    runner = await checked(fleet, Choice("ping"), answers={"ping": ServiceError(-32601, "not known")})
    assert (runner.ctx.connection, runner.history.last_checks[-1].answered) == (S.HEALTHY, True)


async def test_a_heartbeat_with_an_error_counts_as_a_failure(fleet):
    runner = await checked(fleet, Choice("ping"), answers={"ping": ServiceError(-32603, "out of order")})
    assert runner.ctx.connection is S.UNHEALTHY
    assert "out of order" in runner.history.error


async def test_a_functional_test_calls_a_tool_and_reads_its_result(fleet):
    health = Choice("call_tool", {"tool": "echo", "arguments": {"x": 1}, "expect": "'x': 1"})
    runner = await checked(fleet, health)
    assert runner.ctx.connection is S.HEALTHY
    assert asked(runner) == ("tools/call", {"name": "echo", "arguments": {"x": 1}})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"content": [{"type": "text", "text": "no database"}], "isError": True}, "tool 'echo' failed: no database"),
        ({"content": [{"type": "text", "text": "old"}]}, "must contain 'new' (got 'old')"),
        ({}, "must contain 'new' (got '')"),
        (ServiceError(-32602, "unknown tool"), "unknown tool"),
    ],
)
async def test_a_failed_functional_test_reports_the_reason(fleet, answer, error):
    health = Choice("call_tool", {"tool": "echo", "expect": "new"})
    runner = await checked(fleet, health, answers={"tools/call": answer})
    assert runner.ctx.connection is S.UNHEALTHY
    assert error in runner.history.error


async def test_a_tool_list_must_contain_the_required_tools(fleet):
    health = Choice("list_tools", {"expect": ["echo", "search"]})
    runner = await checked(fleet, health)
    assert runner.ctx.connection is S.UNHEALTHY
    assert runner.history.error == "tools/list: missing 'search'"
    fleet.servers["a"].tools = ("search", "echo")
    await fleet.supervisor.check("a")
    assert runner.ctx.connection is S.HEALTHY


async def test_an_invalid_tool_list_counts_as_a_failure(fleet):
    runner = await checked(fleet, Choice("list_tools"), answers={"tools/list": {"tools": "none"}})
    assert runner.history.error == "tools/list: 'tools' must be a list (got str)"


async def test_three_failed_functional_tests_lead_to_a_new_connection(fleet):
    health = Choice("call_tool", {"tool": "echo", "expect": "new"})
    runner = await checked(fleet, health)
    await fleet.until("a", S.RECONNECTING)
    assert runner.history.failures == 3
    assert fleet.servers["a"].opened == 1


async def test_a_report_ends_a_check_in_flight(fleet):
    server = fleet.add("a")
    await fleet.supervisor.start("a")
    await asyncio.sleep(0.1)
    server.silent.add("ping")
    runner = fleet.runner("a")
    runner.checks.check_now()
    assert runner.is_checking
    assert runner.checks.accept(HealthResult.SLOW, took=2.0) is True
    assert (runner.ctx.connection, runner.is_checking, runner.history.response_time) == (S.WARNING, False, 2)
    await asyncio.sleep(5)
    assert [check.answered for check in runner.history.last_checks] == [True]  # the one under way was given up


async def test_an_external_checker_that_reports_every_service_as_failed_is_ignored(fleet):
    for number in range(10):
        fleet.add(f"s{number}")
        await fleet.supervisor.start(f"s{number}")
    await asyncio.sleep(0.1)
    for _ in range(5):
        for number in range(10):
            fleet.runner(f"s{number}").checks.accept(HealthResult.UNHEALTHY)
    states = [fleet.runner(f"s{number}").ctx.connection for number in range(10)]
    assert states.count(S.UNKNOWN) == 10
    assert all(server.opened == 1 for server in fleet.servers.values())


async def test_secrets_of_the_service_are_redacted_in_a_report(fleet):
    fleet.add("a")
    await fleet.supervisor.start("a")
    await asyncio.sleep(0.1)
    runner = fleet.runner("a")
    runner.checks.accept(HealthResult.UNHEALTHY, error="the key hunter2-secret was refused")
    assert "hunter2" not in runner.history.error
    assert "was refused" in runner.history.error
