"""Dependencies said in code: order, cycles, and a start that one failure does not end."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.dependencies import ServiceDependencyManager
from mcpstore.errors import DependencyCycle, NotReady

pytestmark = pytest.mark.parametrize("world", ["sync"], indirect=True)


@pytest.fixture
async def manager(world):
    store = await world.open()
    manager = ServiceDependencyManager(store._inner)
    manager.world = world
    return manager


async def add(manager, *names, **depends_on):
    entries = {name: manager.world.entry(name, mcpstore={"depends_on": depends_on.get(name, [])}) for name in names}
    await asyncio.to_thread(manager.store.add_service, {"mcpServers": entries}, wait=60)


async def test_services_come_after_their_dependencies(manager):
    def order():
        manager.add_dependency("api", ["database", "auth"])
        manager.add_dependency("auth", ["database"])
        manager.add_dependency("web", "api")
        return manager.get_start_order()

    assert await asyncio.to_thread(order) == ["database", "auth", "api", "web"]
    assert manager.dependencies["api"] == ["database", "auth"]


async def test_dependencies_in_the_entries_count_too(manager):
    await add(manager, "a", "b", "c", b=["a"])

    def order():
        manager.add_dependency("a", ["c"])
        return manager.get_start_order()

    assert await asyncio.to_thread(order) == ["c", "a", "b"]


async def test_a_cycle_is_refused_by_name_and_nothing_is_added(manager):
    def cycle():
        manager.add_dependency("web", ["api"])
        manager.add_dependency("api", ["web"])

    with pytest.raises(DependencyCycle, match="api -> web -> api|web -> api -> web"):
        await asyncio.to_thread(cycle)
    assert manager.dependencies == {"web": ["api"]}


async def test_a_cycle_through_the_entries_is_refused_too(manager):
    await add(manager, "a", "b", b=["a"])
    with pytest.raises(DependencyCycle) as raised:
        await asyncio.to_thread(manager.add_dependency, "a", ["b"])
    assert set(raised.value.cycle) == {"a", "b"}


async def test_services_are_started_in_order_and_one_failure_delays_no_other(manager, caplog):
    await add(manager, "database", "api", "web")
    store = manager.store
    for name in ("database", "api", "web"):
        await asyncio.to_thread(store.stop_service, name)
    manager.world.server("api", open_error=NotReady("no"))

    def start():
        manager.add_dependency("web", ["api"])
        manager.add_dependency("api", ["database", "ghost"])
        return manager.start_all_services()

    results = await asyncio.to_thread(start)
    assert results == {"ghost": False, "database": True, "api": False, "web": True}
    assert "service 'ghost' was not started: no service is called 'ghost'" in caplog.text


@pytest.mark.parametrize(("service", "depends_on"), [("", ["a"]), ("a", [""]), (None, ["a"]), ("a", [1])])
async def test_an_invalid_name_is_refused(manager, service, depends_on):
    with pytest.raises(TypeError, match="must be names of services"):
        await asyncio.to_thread(manager.add_dependency, service, depends_on)
