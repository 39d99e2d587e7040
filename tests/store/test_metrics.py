"""The verbs for what was measured: now and over time, through both stores."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcpstore.errors import CallError, ConfigError, ServiceNotFound, ToolError
from mcpstore.models.service import ServiceConnectionState as State

NO = {"isError": True, "content": [{"type": "text", "text": "no"}]}


async def until(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.01)


async def test_metrics_can_be_read_in_both_ways_of_the_specification(world):
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    assert await store.wait_service("a", timeout=20)
    for _ in range(9):
        await store.call_tool("echo", {"x": 1})
    world.do(store, lambda: world.server("a").answers.update({"tools/call": NO}))
    with pytest.raises(ToolError):
        await store.call_tool("echo")
    metrics = await store.get_service_metrics("a")
    assert metrics.get("total_calls") == metrics["total_calls"] == metrics.total_calls == 10
    assert (metrics.get("failed_calls"), metrics.get("error_rate"), metrics.last_error) == (1, 0.1, "no")
    assert 0 < metrics.get("avg_response_time") <= metrics.p99 < 10
    assert metrics.get("last_activity") <= time.time()
    assert metrics.tools[0].total_calls == 10
    assert (metrics.status, metrics.to_dict()["status"]) == ("running", "running")
    assert await store.get_service_metrics("b") is None
    with pytest.raises(TypeError, match="name must be a string"):
        await store.get_service_metrics(7)


async def test_metrics_are_available_while_a_service_is_down(world):
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    assert await store.wait_service("a", timeout=20)
    await store.call_tool("echo")
    await store.stop_service("a")
    metrics = await store.get_service_metrics("a")
    assert (metrics.status, metrics.total_calls, metrics.active_connections, metrics.reason) == (
        "stopped", 1, 0, "operator",
    )  # fmt: skip


async def test_an_agent_sees_the_metrics_of_its_own_services(world):
    store = await world.open({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}})
    agent = store.for_agent("x")
    await agent.add_service(name="mine", transport={"type": "scripted", "server": "a"})
    assert await store.wait_service("mine", timeout=20)
    assert await agent.get_service_metrics("a") is None
    assert (await agent.get_service_metrics("mine")).service_name == "mine"
    assert {s.service_name for s in await agent.state_history()} == {"mine"}
    assert {s.service_name for s in await agent.metrics_history()} == {"mine"}


async def test_a_secret_in_an_error_is_not_stored(world, monkeypatch):
    monkeypatch.setenv("B_TOKEN", "hunter2-secret-token")
    result = {"isError": True, "content": [{"type": "text", "text": "hunter2-secret-token is wrong"}]}
    world.server("hunter2-secret-token").answers["tools/call"] = result
    store = await world.open({"mcpServers": {"a": {"transport": {"type": "scripted", "server": "${B_TOKEN}"}}}})
    assert await store.wait_service("a", timeout=20)
    with pytest.raises(ToolError):
        await store.call_tool("echo")
    metrics = await store.get_service_metrics("a")
    assert metrics.failed_calls == 1
    assert metrics.last_error.endswith("is wrong")
    assert "hunter2" not in str(metrics.to_dict())


async def test_a_call_that_times_out_counts_as_failed(world):
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    assert await store.wait_service("a", timeout=20)
    world.do(store, lambda: world.server("a").silent.add("tools/call"))
    with pytest.raises(CallError):
        await store.call_tool("echo", timeout=0.01)
    assert (await store.get_service_metrics("a")).failed_calls == 1


async def test_the_machine_is_measured_on_request(world):
    store = await world.open()
    metrics = await store.get_system_metrics()
    assert 0 <= metrics.cpu_percent <= 100
    assert 0 < metrics.memory_percent < 100
    assert metrics.disk_path == str(world.folder / "state")
    assert 0 < metrics.disk_used <= metrics.disk_total
    assert metrics.manager_memory_bytes > 10_000_000
    assert set(metrics.to_dict()) == set(metrics)


async def test_the_resource_usage_of_processes_is_measured(world):
    entry = {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}
    store = await world.open({"mcpServers": {"a": entry}})
    assert await store.wait_service("a", timeout=60)

    async def is_known() -> bool:
        return (await store.get_service_metrics("a")).cpu_percent is not None

    await until(is_known)
    metrics = await store.get_service_metrics("a")
    assert metrics.memory_bytes > 1_000_000
    assert metrics.processes >= 1


async def test_history_reaches_to_the_present_and_survives_the_manager(world):
    config = {"mcpServers": {"a": world.entry("a")}}
    store = await world.open(config)
    assert await store.wait_service("a", timeout=20)
    await store.call_tool("echo")
    assert sum(s.calls for s in await store.metrics_history("a")) == 1
    await store.close()
    store = await world.open(config)
    assert await store.wait_service("a", timeout=20)
    await store.call_tool("echo")
    assert sum(s.calls for s in await store.metrics_history("a")) == 2
    (one,) = await store.metrics_history("a", limit=1)
    assert one.calls == 2
    states = await store.state_history("a")
    assert [i.state for i in states] == [
        State.INITIALIZING, State.HEALTHY, State.DISCONNECTED, State.INITIALIZING, State.HEALTHY,
    ]  # fmt: skip
    assert [i.wanted for i in states] == [True, True, False, True, True]
    assert [i.lasts for i in states] == [False] * 4 + [True]


async def test_history_is_requested_by_time(world):
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    assert await store.wait_service("a", timeout=20)
    now = datetime.now(UTC)
    assert await store.metrics_history("a", since=timedelta(minutes=5))
    assert await store.metrics_history(since=now - timedelta(minutes=5))
    assert await store.metrics_history("a", until=now - timedelta(minutes=5)) == []
    assert await store.state_history("a", until=(now - timedelta(minutes=5)).timestamp()) == []
    (state,) = (await store.state_history("a", since=datetime.now(UTC)))[-1:]
    assert (state.state, state.lasts) == (State.HEALTHY, True)
    with pytest.raises(ServiceNotFound, match="no service is called 'ghost'"):
        await store.metrics_history("ghost")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"limit": 0}, ValueError, "limit must be at least 1"),
        ({"since": 2.0, "until": 1.0}, ValueError, "since .* lies after until"),
        ({"since": "yesterday"}, TypeError, "since must be a POSIX timestamp"),
        ({"until": True}, TypeError, "until must be a POSIX timestamp"),
        ({"name": 7}, TypeError, "name must be a string"),
    ],
)
async def test_invalid_requests_for_history_are_refused_with_a_reason(world, arguments, error, message):
    store = await world.open()
    with pytest.raises(error, match=message):
        await store.metrics_history(**arguments)


async def test_without_a_state_directory_history_is_read_from_memory(world):
    store = await world.open({"mcpServers": {"a": world.entry("a")}, "mcpstore": {"history": False}})
    assert await store.wait_service("a", timeout=20)
    await store.call_tool("echo")
    assert sum(s.calls for s in await store.metrics_history("a")) == 1
    assert [i.state for i in await store.state_history("a")] == [State.INITIALIZING, State.HEALTHY]
    assert not (world.folder / "state" / "history.db").exists()


async def test_a_history_backend_that_no_plugin_offers_is_reported_and_memory_is_used(world, caplog):
    store = await world.open({"mcpServers": {}, "mcpstore": {"history": "clay_tablets"}})
    assert "history is kept in memory only" in caplog.text
    assert "clay_tablets" in caplog.text
    assert await store.metrics_history() == []


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (7, r"mcpstore\.history: must name a history backend, or be false \(got int\)"),
        ({"type": 7}, r"mcpstore\.history: must name a history backend"),
        ({"type": "sqlite_history", "colour": "red"}, r"mcpstore\.history: colour: "),
    ],
)
async def test_invalid_history_settings_prevent_the_store_from_opening(world, history, message):
    with pytest.raises(ConfigError, match=message):
        await world.open({"mcpServers": {}, "mcpstore": {"history": history}})


async def test_a_store_opened_for_one_command_reads_the_history_and_writes_nothing(world):
    path = world.folder / "mcp.json"
    path.write_text('{"mcpServers": {"a": {"transport": {"type": "scripted", "server": "a"}}}}')
    world.server("a")
    passing = await world.open(str(path), start=False)
    assert await passing.metrics_history() == []
    await passing.close()
    assert not (world.folder / "state" / "history.db").exists()
    store = await world.open(str(path))
    assert await store.wait_service("a", timeout=20)
    await store.call_tool("echo")
    await store.metrics_history()
    await store.close()
    before = rows(world.folder / "state" / "history.db")
    passing = await world.open(str(path), start=False)
    assert sum(s.calls for s in await passing.metrics_history("a")) == 1
    await passing.close()
    assert rows(world.folder / "state" / "history.db") == before


def rows(path: Path) -> list[Any]:
    db = sqlite3.connect(path)
    rows = db.execute("SELECT * FROM samples").fetchall() + db.execute("SELECT * FROM edges").fetchall()
    db.close()
    return rows


async def test_a_damaged_history_affects_no_service(world, caplog):
    (world.folder / "state").mkdir()
    (world.folder / "state" / "history.db").write_bytes(b"damaged" * 1000)
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    assert await store.wait_service("a", timeout=20)
    await store.call_tool("echo")
    assert sum(s.calls for s in await store.metrics_history("a")) == 1
    assert caplog.text.count("was damaged") == 1
