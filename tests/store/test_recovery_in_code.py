"""Recovery said in code: policies per service, attempts that are counted, and the toolkit for people."""

from __future__ import annotations

import asyncio
import json

import pytest

from mcpstore.errors import ConfigError, InvalidService, NotReady, ServiceNotFound
from mcpstore.models.service import ServiceStatus
from mcpstore.recovery import ServiceAutoRecovery, manual_recovery_toolkit

pytestmark = pytest.mark.parametrize("world", ["sync"], indirect=True)


@pytest.fixture
async def recovery(world):
    store = await world.open(world.path)
    entries = {name: world.entry(name, mcpstore={"recovery": "manual"}) for name in ("a", "b")}
    await store.add_service({"mcpServers": entries}, wait=60)
    recovery = ServiceAutoRecovery(store._inner)
    recovery.recovery_delay = 0.0
    recovery.world = world
    return recovery


async def break_down(recovery, name):
    world, store = recovery.world, recovery.store
    world.server(name, open_error=NotReady("gone"))
    store._portal.call_plain(world.servers[name].die)
    assert await asyncio.to_thread(store.wait_service, name, "disconnected", 60)


def check(recovery):
    return asyncio.to_thread(recovery.check_and_recover)


async def test_services_in_error_are_recovered_if_they_have_a_policy(recovery):
    recovery.add_recovery_policy("a", {"restart_on_error": True})
    for name in ("a", "b"):
        await break_down(recovery, name)
        recovery.world.server(name, open_error=None)
    assert [(one.name, one.recovered) for one in await check(recovery)] == [("a", True)]
    assert recovery.recovery_attempts == {"a": 1}


async def test_a_healthy_service_is_not_restarted(recovery):
    recovery.add_recovery_policy("a", {"restart_on_error": True})
    assert len(await check(recovery)) == 0
    assert recovery.world.servers["a"].opened == 1


async def test_a_stopped_service_stays_stopped_unless_the_policy_requires_otherwise(recovery):
    recovery.add_recovery_policy("a", {"restart_on_error": True})
    recovery.add_recovery_policy("b", {"restart_on_stop": True})
    for name in ("a", "b"):
        await asyncio.to_thread(recovery.store.stop_service, name)
    assert (await check(recovery)).names() == ["b"]
    info = await asyncio.to_thread(recovery.store.get_service_info, "a")
    assert info.run_status is ServiceStatus.STOPPED


async def test_recovery_attempts_end_at_their_limit(recovery, caplog):
    recovery.add_recovery_policy("a", {"restart_on_error": True})
    await break_down(recovery, "a")
    assert [len(await check(recovery)) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert "service 'a' is not recovered any more: 3 attempts failed" in caplog.text


async def test_a_short_recovery_does_not_reset_the_attempt_count(recovery):
    recovery.add_recovery_policy("a", {"restart_on_error": True})
    for count in (1, 2, 3):
        await break_down(recovery, "a")
        recovery.world.server("a", open_error=None)
        assert (await check(recovery))["a"].recovered
        assert recovery.recovery_attempts == {"a": count}
    await break_down(recovery, "a")
    assert len(await check(recovery)) == 0


async def test_a_service_has_time_to_recover_by_itself(recovery):
    recovery.recovery_delay = 3600.0
    recovery.add_recovery_policy("a", {"restart_on_error": True})
    await break_down(recovery, "a")
    assert len(await check(recovery)) == 0


async def test_a_policy_of_the_manager_is_written_into_the_entry(recovery):
    await asyncio.to_thread(recovery.add_recovery_policy, "a", {"type": "fixed", "delay": 30})
    await asyncio.to_thread(recovery.add_recovery_policy, "b", "reregister")
    written = json.loads(recovery.world.path.read_text())["mcpServers"]
    assert written["a"]["mcpstore"] == {"recovery": {"type": "fixed", "delay": 30}}
    assert written["b"]["mcpstore"] == {"recovery": "reregister"}
    assert recovery.world.servers["a"].opened == 1  # a policy is no reason to open it again


@pytest.mark.parametrize(
    ("name", "policy", "error", "message"),
    [
        ("a", {"type": "fixed", "delay": 0}, InvalidService, "delay: "),
        ("a", "carrier_pigeon", InvalidService, "carrier_pigeon"),
        ("ghost", "fixed", ServiceNotFound, "no service is called 'ghost'"),
        ("a", {"restart_on_eror": True}, ConfigError, "unknown key 'restart_on_eror'; known: restart_on_error"),
        ("a", {"restart_on_error": 1}, ConfigError, "policy.restart_on_error: must be True or False"),
        ("a", 5, ConfigError, "policy must be a name or a dictionary"),
    ],
)
async def test_an_invalid_policy_is_refused_and_nothing_is_stored(recovery, name, policy, error, message):
    before = recovery.world.path.read_bytes()
    with pytest.raises(error, match=message):
        await asyncio.to_thread(recovery.add_recovery_policy, name, policy)
    assert recovery.recovery_policies == {}
    assert recovery.world.path.read_bytes() == before


async def test_the_toolkit_calls_the_verbs_of_the_store(recovery):
    toolkit = manual_recovery_toolkit(recovery.store)
    await break_down(recovery, "a")
    assert "given up" in (await asyncio.to_thread(toolkit["diagnose"], "a")).error
    recovery.world.server("a", open_error=None)
    assert await asyncio.to_thread(toolkit["recover"], "a")
    assert len(await asyncio.to_thread(toolkit["batch_recovery"])) == 0
