"""States seen and set from outside: every change is one that the machine knows."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.core import events as ev
from mcpstore.errors import NotReady, ServiceNotFound, TransitionRefused
from mcpstore.models.service import ServiceConnectionState
from mcpstore.states import (
    HealthResult,
    HealthStatusBridge,
    ToolsUpdateMonitor,
    UnifiedServiceStateManager,
    handle_health_check_result_enhanced,
)

S = ServiceConnectionState

sync_only = pytest.mark.parametrize("world", ["sync"], indirect=True)


class Threaded:
    """Something whose methods block, called from threads."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        async def call(*args, **kwargs):
            return await asyncio.to_thread(getattr(self.inner, name), *args, **kwargs)

        return call


@pytest.fixture
async def manager(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    return Threaded(UnifiedServiceStateManager(store._inner))


# --- the bridge


@pytest.mark.parametrize(
    ("result", "state", "event"),
    [
        ("healthy", S.HEALTHY, ev.CheckOk),
        ("warning", S.WARNING, ev.CheckSlow),
        (HealthResult.SLOW, S.WARNING, ev.CheckSlow),
        ("unhealthy", S.UNHEALTHY, ev.CheckFail),
        ("timeout", S.UNHEALTHY, ev.CheckTimeout),
        ("unknown", S.UNKNOWN, ev.CheckUndecidable),
    ],
)
def test_a_health_result_has_a_state_and_an_event(result, state, event):
    assert HealthStatusBridge.map_health_to_lifecycle(result) is state
    event_of_result = HealthStatusBridge.event_for(result, 7)
    assert (type(event_of_result), event_of_result.epoch) == (event, 7)


def test_the_next_state_depends_on_the_previous_one():
    follows = HealthStatusBridge.next_state
    assert follows("healthy", "timeout") is S.UNHEALTHY
    assert follows("unhealthy", "timeout", consecutive_failures=2) is S.RECONNECTING
    assert follows("warning", "healthy") is S.WARNING
    assert follows("warning", "healthy", consecutive_successes=1) is S.HEALTHY
    assert follows("disconnected", "healthy") is S.DISCONNECTED


def test_an_unknown_result_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown \(got 'dead'\); use one of healthy, warning, "):
        HealthStatusBridge.map_health_to_lifecycle("dead")


# --- the state manager


def test_every_change_of_the_seven_states_is_either_known_or_not():
    allowed = UnifiedServiceStateManager.allowed_transitions
    assert allowed("initializing") == [S.HEALTHY, S.RECONNECTING, S.DISCONNECTED]
    assert allowed(S.DISCONNECTED) == [S.INITIALIZING, S.RECONNECTING]
    validate = UnifiedServiceStateManager.validate_transition
    assert validate("healthy", "warning")
    assert not validate("disconnected", "healthy")
    assert not validate("healthy", "healthy")


@sync_only
async def test_a_service_can_be_moved_from_state_to_state(world, manager):
    assert await manager.set_service_state("a", "healthy") is True  # it is in it
    assert await manager.set_service_state("a", S.WARNING, response_time=3.0) is True
    assert await manager.set_service_state("a", S.HEALTHY) is False  # one good answer ends no warning
    assert await manager.set_service_state("a", S.HEALTHY) is True
    assert await manager.set_service_state("a", "unhealthy", error="odd") is True
    assert (await manager.get_service_metadata("a")).error_message == "odd"
    assert await manager.set_service_state("a", S.RECONNECTING) is True
    assert await manager.get_service_state("a") is S.HEALTHY  # it went on from there
    assert world.servers["a"].opened == 2
    assert await manager.set_service_state("a", S.DISCONNECTED) is True
    assert await manager.is_service_available("a") is False
    assert await manager.set_service_state("a", S.INITIALIZING) is True
    assert await manager.get_services_by_state("healthy") == ["a"]


@sync_only
async def test_an_impossible_transition_is_refused_with_the_possible_ones(manager):
    with pytest.raises(TransitionRefused) as raised:
        await manager.set_service_state("a", S.INITIALIZING)
    assert str(raised.value) == (
        "service 'a' cannot change from healthy to initializing; "
        "possible states: warning, unhealthy, reconnecting, disconnected, unknown"
    )
    await manager.set_service_state("a", "disconnected")
    for state in (S.HEALTHY, S.WARNING, S.UNHEALTHY, S.RECONNECTING, S.UNKNOWN):
        with pytest.raises(TransitionRefused, match="possible states: initializing$"):
            await manager.set_service_state("a", state)


@sync_only
async def test_a_service_in_cool_down_can_be_opened_again(world, manager):
    world.server("a", open_error=NotReady("gone"))
    store = manager.inner.store
    await asyncio.to_thread(store.update_service, "a", world.entry("a", mcpstore={"recovery": "manual"}))
    store._portal.call_plain(world.servers["a"].die)
    assert await asyncio.to_thread(store.wait_service, "a", "disconnected", 60)
    world.server("a", open_error=None)
    assert await manager.set_service_state("a", S.RECONNECTING) is True
    assert await manager.get_service_state("a") is S.HEALTHY


@sync_only
async def test_unknown_names_and_states_are_reported(manager):
    assert await manager.get_service_state("ghost") is None
    assert await manager.get_service_metadata("ghost") is None
    with pytest.raises(ServiceNotFound):
        await manager.set_service_state("ghost", S.HEALTHY)
    with pytest.raises(ValueError, match="'nonsense'"):
        await manager.set_service_state("a", "nonsense")


@sync_only
async def test_the_history_contains_every_state_in_order(manager):
    await manager.set_service_state("a", S.WARNING)
    await manager.set_service_state("a", S.DISCONNECTED)
    states = []
    async with asyncio.timeout(60):
        while S.DISCONNECTED not in states[1:]:  # an interval is seen as soon as it has lasted at all
            states = [interval.state for interval in await manager.get_state_history("a")]
    assert states[-4:] == [S.INITIALIZING, S.HEALTHY, S.WARNING, S.DISCONNECTED]


# --- health results from outside


@sync_only
async def test_an_enhanced_health_result_leads_to_the_state_of_the_machine(manager):
    store = manager.inner.store

    def report(*args, **kwargs):
        return asyncio.to_thread(handle_health_check_result_enhanced, store, "a", *args, **kwargs)

    assert await report("slow", 4.0) is S.WARNING
    assert await report(S.UNKNOWN) is S.UNKNOWN
    assert await report("unhealthy", error_message="no answer from its database") is S.UNHEALTHY
    metadata = await manager.get_service_metadata("a")
    assert metadata.error_message == "no answer from its database"
    with pytest.raises(ValueError, match="health result is unknown"):
        await report(S.RECONNECTING)


# --- tools


@sync_only
async def test_the_monitor_shows_when_and_why_tools_were_listed_and_can_list_them_now(world, manager):
    monitor = Threaded(ToolsUpdateMonitor(manager.inner.store))
    assert monitor.inner.tools_update_interval == 7200
    assert (await monitor.get_update_status())["a"].cause == "connected"
    world.server("a").tools = ("one", "two")
    assert (await monitor.update_now("a"))["a"].tool_count == 2
    assert (await monitor.get_update_status("a"))["a"].cause == "request"
