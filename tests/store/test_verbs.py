"""The verbs of a store, over both its faces."""

from __future__ import annotations

import asyncio
import json

import anyio
import pytest

from mcpstore.errors import (
    ConfigError,
    DependencyCycle,
    InvalidService,
    NotReady,
    ServiceNotFound,
)
from mcpstore.models.service import ServiceConnectionState, ServiceStatus

S = ServiceConnectionState


async def test_an_added_service_is_stored_started_and_usable(world):
    store = await world.open(world.path)
    added = await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert added.names() == ["a"]
    assert added["a"].status is ServiceStatus.RUNNING
    assert json.loads(world.path.read_text()) == {"mcpServers": {"a": world.entry("a")}}
    assert (await store.call_tool("echo", {"x": 1})).text == "echo: {'x': 1}"


async def test_adding_does_not_wait_for_the_connection(world):
    store = await world.open()
    world.server("a", open_delay=3600.0)
    with anyio.fail_after(60):
        added = await store.add_service({"name": "a", **world.entry("a")})
    assert added[0].status in (ServiceStatus.STARTING, ServiceStatus.NOT_STARTED)


async def test_many_can_be_added_at_once_in_any_of_the_accepted_forms(world):
    store = await world.open()
    file = world.folder / "others.json"
    file.write_text(json.dumps({"servers": {"c": world.entry("c")}}))
    await store.add_service({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}})
    await store.add_service(str(file))
    await store.add_service([{"name": "d", **world.entry("d")}, {"name": "e", **world.entry("e")}])
    await store.add_service(name="f", **world.entry("f"))
    assert (await store.list_services()).names() == list("abcdef")


async def test_the_result_of_get_service_info_can_be_added_again(world):
    store = await world.open()
    await store.add_service({"name": "a", **world.entry("a", description="first")}, wait=60)
    config = (await store.get_service_info("a")).config
    await store.remove_service("a")
    assert await store.get_service_info("a") is None
    await store.add_service(config, wait=60)
    info = await store.get_service_info("a")
    assert (info.description, info["status"]) == ("first", "running")


async def test_the_same_entry_changes_nothing_and_a_different_one_updates(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    before = world.path.stat()
    await store.add_service({"name": "a", **world.entry("a")})
    assert world.path.stat() == before
    assert world.servers["a"].opened == 1
    world.server("b")
    await store.add_service({"name": "a", **world.entry("b")}, wait=60)
    async with asyncio.timeout(60):
        while world.servers["b"].opened == 0:
            await asyncio.sleep(0.01)
    assert world.servers["a"].open_now == 0


async def test_invalid_entries_are_reported_together_and_valid_ones_stay(world):
    store = await world.open(world.path)
    with pytest.raises(InvalidService) as raised:
        await store.add_service(
            {
                "mcpServers": {
                    "good": world.entry("good"),
                    "nothing": {"args": ["x"]},
                    "unknown": {"transport": {"type": "carrier_pigeon"}},
                    "wrong": {"command": "x", "args": "no list", "mcpstore": {"helth": "ping"}},
                    "options": world.entry("good", mcpstore={"health": {"type": "call_tool"}}),
                }
            }
        )
    assert set(raised.value.problems) == {"nothing", "unknown", "wrong", "options"}
    message = str(raised.value)
    assert "carrier_pigeon" in message
    assert "did you mean 'health'" in message
    assert "tool: field required" in message
    assert (await store.list_services()).names() == ["good"]
    assert list(json.loads(world.path.read_text())["mcpServers"]) == ["good"]


@pytest.mark.parametrize("given", [None, 42, b"x", [], {}, [1], {"name": "a"}, "no-such-file.json"])
async def test_input_of_the_wrong_kind_is_refused_and_nothing_happens(world, given):
    store = await world.open()
    with pytest.raises((ConfigError, TypeError)):
        await store.add_service(given)
    assert len(await store.list_services()) == 0


async def test_services_that_wait_for_each_other_are_refused_and_named(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a", mcpstore={"depends_on": ["b"]})})
    before = world.path.read_bytes()
    with pytest.raises(DependencyCycle, match="b -> a -> b|a -> b -> a"):
        await store.add_service({"name": "b", **world.entry("b", mcpstore={"depends_on": ["a"]})})
    assert world.path.read_bytes() == before


async def test_a_stopped_service_stays_stopped_when_the_store_is_opened_again(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    assert await store.stop_service("a") is True
    assert await store.get_service_status("a") == "stopped"
    assert json.loads(world.path.read_text())["mcpServers"]["a"]["disabled"] is True
    await store.close()
    again = await world.open(world.path)
    assert await again.get_service_status("a") == "not_started"
    assert await again.start_service("a") is True
    assert not json.loads(world.path.read_text())["mcpServers"]["a"].get("disabled")


async def test_a_temporary_stop_is_not_stored(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    before = world.path.read_bytes()
    assert await store.stop_service("a", force=True, persist=False) is True
    assert world.path.read_bytes() == before
    assert await store.restart_service("a") is True


async def test_a_failed_start_is_reported_and_retried(world):
    store = await world.open()
    world.server("a", open_error=NotReady("the database is not there"))
    await store.add_service({"name": "a", **world.entry("a")})
    assert await store.start_service("a") is False
    info = await store.get_service_info("a")
    assert info.status is ServiceStatus.ERROR
    assert info.state_metadata.error_message == "the database is not there"
    assert info.state_metadata.next_retry_time is not None
    world.server("a", open_error=None)
    assert await store.wait_service("a", "healthy", timeout=60) is True


async def test_an_update_replaces_the_entry_and_a_refused_one_leaves_the_old(world):
    store = await world.open(world.path)
    await store.add_service({"name": "a", **world.entry("a")}, wait=60)
    await store.update_service("a", world.entry("a", description="new words"))
    assert (await store.get_service_info("a")).description == "new words"
    before = world.path.read_bytes()
    with pytest.raises(InvalidService):
        await store.update_service("a", {"transport": {"type": "scripted", "colour": "red"}})
    with pytest.raises(TypeError, match="config must be the entry of 'a' as a dictionary"):
        await store.update_service("a", "words")
    assert world.path.read_bytes() == before
    assert world.servers["a"].opened == 1


async def test_an_unknown_name_is_none_for_queries_and_an_error_for_commands(world):
    store = await world.open()
    assert await store.get_service_info("ghost") is None
    assert await store.get_service_status("ghost") is None
    for act in (
        store.start_service, store.stop_service, store.restart_service, store.remove_service, store.check_services,
        store.wait_service, store.list_tools, store.diagnose, store.recover, store.get_service_logs,
        store.enable_service,
    ):  # fmt: skip
        with pytest.raises(ServiceNotFound, match="no service is called 'ghost'"):
            await act("ghost")
    with pytest.raises(TypeError, match="name must be a string"):
        await store.get_service_info(7)


async def test_checks_are_read_as_a_list_and_by_name(world):
    store = await world.open()
    await store.add_service({"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}}, wait=60)
    world.server("b", open_error=NotReady("gone"))
    world.do(store, world.servers["b"].die)
    await store.wait_service("b", "error", timeout=60)
    results = await store.check_services()
    assert [health.name for health in results] == ["a", "b"]
    assert {name: health["healthy"] for name, health in results.items()} == {"a": True, "b": False}
    assert f"{results['a'].response_time:.2f} {results['a'].success_rate:.1f}"
    assert f"{results['b'].response_time:.2f} {results['b'].success_rate:.1f}"


async def test_an_info_shows_the_age_of_its_evidence(world):
    store = await world.open({"mcpServers": {"a": world.entry("a")}})
    assert await store.wait_service("a", timeout=60)
    await store.check_services("a")
    assert 0 <= (await store.get_service_info("a")).last_verified_age < 60
    await store.stop_service("a")
    assert (await store.get_service_info("a")).last_verified_age is None
