"""Every setting of monitoring has its effect."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.errors import CallTimeout, ConfigError, ServiceError
from mcpstore_plugins.sqlite_history.database import PURGE_INTERVAL

pytestmark = pytest.mark.anyio


def now() -> float:
    return asyncio.get_running_loop().time()


async def pings(server, seconds: float) -> int:
    before = len(server.connection.requests)
    await asyncio.sleep(seconds)
    return sum(method == "ping" for method, _ in server.connection.requests[before:])


@pytest.mark.parametrize(
    "settings", [{"check_interval": 15}, {"service_monitoring": {"status_check_interval": 15}}], ids=["flat", "nested"]
)
async def test_the_check_interval_can_be_set(watched, settings):
    quiet = {"performance_monitoring": False}  # measuring this machine takes real time
    _, usual = await watched(**quiet)
    _, server = await watched(**quiet, **settings)
    seldom, often = await asyncio.gather(pings(usual, 3000), pings(server, 3000))
    assert 90 <= seldom <= 111
    assert 180 <= often <= 222


async def test_the_timeout_of_a_check_can_be_set(watched):
    took = {}
    for seconds in (4.0, 9.0):
        store, server = await watched(health_check_timeout=seconds)
        server.silent.update({"ping", "tools/list"})
        began = now()
        await store.check_services("a")
        took[seconds] = now() - began
    # a timeout counts only after a second kind of probe
    assert took[9.0] == pytest.approx(took[4.0] * 9 / 4, rel=0.01)


@pytest.mark.parametrize(
    "settings",
    [{"health_check_retries": 5}, {"service_monitoring": {"max_consecutive_failures": 5}}],
    ids=["flat", "nested"],
)
async def test_the_number_of_failures_before_a_reconnect_can_be_set(watched, settings):
    store, server = await watched(**settings)
    failures = []

    def fail(_params: Any) -> Exception:
        failures.append(now())
        return ServiceError(-32603, "no")

    server.answers["ping"] = fail
    assert await store.wait_service("a", "reconnecting", timeout=600)
    assert len(failures) == 5


async def test_the_threshold_for_slow_services_can_be_set(watched):
    usual, fast = await watched()
    strict, slow = await watched(performance_monitoring={"response_time_threshold": 0.25})
    fast.delay = slow.delay = 0.5
    assert (await usual.check_services("a"))["a"].connection_state == "healthy"
    assert (await strict.check_services("a"))["a"].connection_state == "warning"
    slow.delay = 0.21
    for _ in range(3):
        assert (await strict.check_services("a"))["a"].connection_state == "warning"
    slow.delay = 0.19
    for _ in range(3):
        await strict.check_services("a")
    assert await strict.wait_service("a", "healthy", timeout=60)


async def test_the_timeout_of_a_call_can_be_set(watched):
    store, server = await watched(tool_monitoring={"call_timeout": 30})
    server.silent.add("tools/call")
    peer = server.connection
    asked: list[float | None] = []
    request = peer.request

    async def note(method, params, **options):
        asked.append(options["timeout"])
        return await request(method, params, **{**options, "timeout": 0.1})

    peer.request = note
    with pytest.raises(CallTimeout):
        await store.call_tool("echo")
    assert asked == [30]


async def test_the_connect_timeout_can_be_set(watched):
    _, server = await watched(service_monitoring={"connection_timeout": 2})
    assert server.connection.peer.connect_timeout == 2


async def test_the_log_level_can_be_set(watched):
    logger = logging.getLogger("mcpstore")
    before = logger.level
    try:
        await watched(data_collection={"log_level": "ERROR"})
        assert logger.level == logging.ERROR
    finally:
        logger.setLevel(before)


async def test_the_number_of_samples_in_memory_can_be_set(watched):
    quiet = {"performance_monitoring": False}
    usual, _ = await watched(**quiet)
    small, _ = await watched(data_collection={"metrics_buffer_size": 5}, **quiet)
    await asyncio.sleep(3600)
    assert len(await usual.metrics_history("a")) > 100
    assert 5 <= len(await small.metrics_history("a")) <= 6  # and a sample since the last of them


async def test_the_retention_of_history_can_be_set(watched, tmp_path):
    days = 0.05
    store, _ = await watched(state_dir=tmp_path, metrics_retention_days=days, performance_monitoring=False)
    await asyncio.sleep(6 * 3600)
    samples = await store.metrics_history("a", since=0)
    now = store._manager.parts.supervisor.clock.posix()
    assert days * 86_400 - 60 <= now - samples[0].timestamp <= days * 86_400 + PURGE_INTERVAL + 60


async def test_the_settings_can_be_in_the_configuration():
    async with AsyncMCPStore({"mcpServers": {}, "mcpstore": {"monitoring": {"check_interval": 12}}}) as store:
        assert store._manager.parts.monitoring.interval == 12


async def test_settings_of_the_program_override_the_configuration():
    config = {"mcpServers": {}, "mcpstore": {"monitoring": {"check_interval": 12}}}
    async with AsyncMCPStore(config, monitoring_config={"check_interval": 14}) as store:
        assert store._manager.parts.monitoring.interval == 14


@pytest.mark.parametrize(
    ("config", "given", "message"),
    [
        ({"mcpstore": {"monitoring": {"check_interval": 0}}}, None, "mcpstore.monitoring: check_interval: must be"),
        ({}, {"chek_interval": 3}, "monitoring_config: chek_interval: unknown key; did you mean 'check_interval'?"),
        ({}, 3, "monitoring_config: must be a MonitoringConfig or an object with its fields (got int)"),
        ({}, {"check_interval": 90, "health_check_timeout": 100}, "health_check_timeout (100) must not be above"),
    ],
)
async def test_a_store_with_invalid_settings_does_not_open(config, given, message):
    store = AsyncMCPStore({"mcpServers": {}, **config}, monitoring_config=given)
    with pytest.raises(ConfigError) as raised:
        await store.open()
    assert message in str(raised.value)
