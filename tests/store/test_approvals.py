"""Tools that are not what they were: withheld, shown and approved through both kinds of stores."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import pytest

from mcpstore.errors import MCPStoreError, ServiceNotFound, ToolNotApproved, ToolNotFound
from mcpstore.store.approvals_dir import approvals_dir
from mcpstore.store.state_dir import configuration_key

HELD = {"mcpstore": {"tool_pinning": "block"}}


def offer(server: Any, **described: str) -> None:
    server.answers["tools/list"] = {"tools": [{"name": name, "description": text} for name, text in described.items()]}


def write(path: Any, servers: dict[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"mcpServers": servers}))
    fresh.replace(path)


def kept(world: Any) -> int:
    return len(list(folder_of(world).glob("*.json")))


def folder_of(world: Any) -> Any:
    """Return the folder with the approvals of the configuration."""
    return approvals_dir(configuration_key(str(world.path)))


async def eventually(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.02)


async def changed(world: Any, **fields: Any) -> Any:
    """Return a store whose service `a` has changed its tool `send`."""
    write(world.path, {"a": world.entry("a", **{**HELD, **fields})})
    offer(world.server("a"), send="mail one", read="read")
    store = await world.open(world.path)
    await store.start_service("a", 60)
    offer(world.server("a"), send="mail all", read="read")
    await store.refresh_tools("a")
    return store


async def test_a_call_of_a_changed_tool_reports_the_change_and_the_remedy(world):
    store = await changed(world)
    for name, service in (("send", None), ("a/send", None), ("send", "a")):
        with pytest.raises(ToolNotApproved) as caught:
            await store.call_tool(name, service=service)
    error = caught.value
    assert (error.service, error.tool) == ("a", "send")
    assert error.difference == "description was 'mail one' and is 'mail all'"
    assert error.remedy == "approve it: mcpstore approve a send"
    assert str(error) == (
        "tool 'send' of service 'a' has changed and is not approved "
        "(description was 'mail one' and is 'mail all'); approve it: mcpstore approve a send"
    )
    assert (await store.list_tools()).names() == ["read"]
    assert (await store.call_tool("read")).text.startswith("read")
    assert world.server("a").connection.requests[-1][1]["name"] == "read"
    with pytest.raises(ToolNotFound):
        await store.call_tool("ghost")
    assert (await store.diagnose("a")).summary == "it is healthy, but 1 of its tools waits for approval"
    evidence = " ".join((await store.diagnose("a")).evidence)
    assert "wait for approval (send); see: mcpstore tools --changed" in evidence


async def test_changed_tools_are_listed_and_approved_tools_can_be_called(world):
    store = await changed(world)
    (change,) = await store.list_unapproved_tools()
    assert change.full_name == "a/send"
    assert (change.is_new, change.withheld) == (False, True)
    assert change.difference == ("description was 'mail one' and is 'mail all'",)
    assert change["since"] == change.since
    assert (await store.list_unapproved_tools("a")).names() == ["send"]
    assert list(await store.approve_tools("a", "read")) == []
    assert (await store.approve_tools("a")).names() == ["send"]
    assert list(await store.list_unapproved_tools()) == []
    assert (await store.call_tool("send")).text.startswith("send")
    with pytest.raises(ToolNotFound, match="a/ghost"):
        await store.approve_tools("a", "ghost")
    for verb in (store.approve_tools, store.list_unapproved_tools):
        with pytest.raises(ServiceNotFound):
            await verb("ghost")


async def test_a_restart_and_a_requested_recovery_approve_nothing(world):
    store = await changed(world)
    await store.restart_service("a", 60)
    assert (await store.list_unapproved_tools()).names() == ["send"]
    await store.recover("a", 60)
    await store.stop_service("a")
    await store.start_service("a", 60)
    with pytest.raises(ToolNotApproved):
        await store.call_tool("send")


async def test_with_warn_a_changed_tool_can_be_called_and_is_listed_until_it_is_approved(world):
    store = await changed(world, mcpstore={"tool_pinning": "warn"})
    assert (await store.call_tool("send")).text.startswith("send")
    (change,) = await store.list_unapproved_tools()
    assert not change.withheld
    await store.approve_tools("a", "send")
    assert list(await store.list_unapproved_tools()) == []


async def test_with_off_no_tool_is_compared(world):
    store = await changed(world, mcpstore={"tool_pinning": "off"})
    assert list(await store.list_unapproved_tools()) == []
    assert list(await store.approve_tools("a")) == []


async def test_the_next_store_withholds_withheld_tools_and_offers_approved_ones(world):
    await (await changed(world)).close()
    store = await world.open(world.path)
    await store.start_service("a", 60)
    with pytest.raises(ToolNotApproved, match="was 'mail one' and is 'mail all'"):
        await store.call_tool("send")
    await store.approve_tools("a")
    await store.close()
    store = await world.open(world.path)
    await store.start_service("a", 60)
    assert (await store.call_tool("send")).text.startswith("send")


async def test_a_store_opened_for_one_command_cannot_call_a_withheld_tool_but_can_approve_it(world):
    staying = await changed(world)
    passing = await world.open(world.path, start=False)
    await eventually(lambda: kept(world) == 1)
    assert await passing.start_service("a", 60)
    with pytest.raises(ToolNotApproved):
        await passing.call_tool("send")
    assert (await passing.approve_tools("a")).names() == ["send"]
    assert (await passing.call_tool("send")).text.startswith("send")
    assert list(await staying.list_unapproved_tools("a")) == []  # which looks
    assert (await staying.call_tool("send")).text.startswith("send")


async def test_the_last_definition_is_shown_and_approved_without_a_request_to_the_service(world):
    await (await changed(world)).close()
    opened = world.server("a").opened
    passing = await world.open(world.path, start=False)
    (change,) = await passing.list_unapproved_tools()
    assert change.difference == ("description was 'mail one' and is 'mail all'",)
    assert (await passing.approve_tools("a", "send")).names() == ["send"]
    await passing.close()
    assert world.server("a").opened == opened
    offer(world.server("a"), send="mail all users", read="read")  # not what was approved
    store = await world.open(world.path)
    await store.start_service("a", 60)
    with pytest.raises(ToolNotApproved, match="was 'mail all' and is 'mail all users'"):
        await store.call_tool("send")


async def test_a_second_store_of_a_configuration_withholds_changes_that_the_first_one_saw(world):
    await changed(world)
    await eventually(lambda: kept(world) == 1)
    second = await world.open(world.path)
    assert not second.is_primary
    await second.start_service("a", 60)
    with pytest.raises(ToolNotApproved):
        await second.call_tool("send")
    await second.close()
    assert kept(world) == 1


async def test_an_edit_of_the_entry_approves_nothing_and_its_removal_deletes_the_pins(world):
    store = await changed(world)
    write(world.path, {"a": world.entry("a", **HELD, description="other words")})
    await store.update_service("a", {**world.entry("a", **HELD), "description": "more words"})
    with pytest.raises(ToolNotApproved):
        await store.call_tool("send")
    await store.remove_service("a")
    await store.add_service({"name": "a", **world.entry("a", **HELD)}, wait=60)
    assert (await store.call_tool("send")).text.startswith("send")


async def test_a_renamed_entry_is_another_service(world):
    store = await changed(world)
    await eventually(lambda: kept(world) == 1)
    await store.close()
    write(world.path, {"b": {**world.entry("a", **HELD)}})
    store = await world.open(world.path)
    await store.start_service("b", 60)
    assert (await store.call_tool("send")).text.startswith("send")
    await eventually(lambda: kept(world) == 1)


async def test_the_pins_of_an_entry_that_is_invalid_for_a_while_are_kept(world):
    await (await changed(world)).close()
    write(world.path, {"a": {"command": 7}})
    await (await world.open(world.path)).close()
    write(world.path, {"a": world.entry("a", **HELD)})
    store = await world.open(world.path)
    await store.start_service("a", 60)
    with pytest.raises(ToolNotApproved):
        await store.call_tool("send")


async def test_services_added_in_code_keep_their_pins_in_a_state_directory(world):
    for text, names in (("one", ["x"]), ("two", [])):
        offer(world.server("a"), x=text)
        store = await world.open()
        await store.add_service({"name": "a", **world.entry("a", **HELD)}, wait=60)
        assert (await store.list_tools()).names() == names
        await store.close()


async def test_without_a_state_directory_pins_last_as_long_as_the_store(world):
    for text in ("one", "two"):
        offer(world.server("a"), x=text)
        store = await world.open({"mcpServers": {"a": world.entry("a", **HELD)}}, state_dir=None)
        await store.start_service("a", 60)
        assert (await store.list_tools()).names() == ["x"]
        await store.close()


async def test_an_agent_sees_and_approves_its_own_services_only(world):
    store = await changed(world)
    agent = store.for_agent("me")
    assert list(await agent.list_unapproved_tools()) == []
    with pytest.raises(ServiceNotFound):
        await agent.approve_tools("a")
    assert (await store.for_store().list_unapproved_tools()).names() == ["send"]


async def test_an_approval_that_cannot_be_stored_is_reported_and_is_valid_until_the_store_closes(world):
    store = await changed(world)
    await eventually(lambda: kept(world) == 1)
    pins = folder_of(world)
    pins.rename(world.folder / "elsewhere")
    pins.write_text("in the way")
    with pytest.raises(MCPStoreError, match="it holds until this store ends"):
        await store.approve_tools("a")
    assert (await store.call_tool("send")).text.startswith("send")


async def test_every_change_of_many_services_is_listed(world):
    names = [f"s{number}" for number in range(20)]
    for name in names:
        offer(world.server(name), x="one")
    store = await world.open({"mcpServers": {name: world.entry(name) for name in names}})
    await store.start_all(60)
    for name in names:
        offer(world.server(name), x="two", y="new")
    await store.refresh_tools()
    changes = await store.list_unapproved_tools()
    assert [(change.full_name, change.is_new) for change in changes] == [
        (f"{name}/{tool}", tool == "y") for name in names for tool in "xy"
    ]


async def reopened(world: Any, **options: Any) -> Any:
    """Return another store of the same configuration, with its service started."""
    store = await world.open(world.path, **options)
    await store.start_service("a", 60)
    return store


async def test_an_approval_and_a_change_survive_the_loss_of_the_state_directory(world):
    store = await changed(world)
    await store.approve_tools("a")
    offer(world.server("a"), send="mail others", read="read")
    await store.refresh_tools("a")
    await store.close()
    shutil.rmtree(world.folder / "state")
    again = await reopened(world)
    assert (await again.list_unapproved_tools()).names() == ["send"]
    with pytest.raises(ToolNotApproved, match="description was 'mail all' and is 'mail others'"):
        await again.call_tool("send")


async def test_stores_with_different_state_directories_share_the_approvals_of_a_configuration(world):
    store = await changed(world)
    await eventually(lambda: kept(world) == 1)
    other = await reopened(world, state_dir=world.folder / "another")
    assert (await other.list_unapproved_tools()).names() == ["send"]
    await other.approve_tools("a")
    assert list(await store.list_unapproved_tools()) == []


async def test_a_configuration_in_memory_is_identified_by_its_state_directory(world):
    for text, expected in (("one", ["x"]), ("two", [])):
        offer(world.server("a"), x=text)
        store = await world.open({"mcpServers": {"a": world.entry("a", **HELD)}})
        await store.start_service("a", 60)
        assert (await store.list_tools()).names() == expected
        await store.close()


async def test_the_pins_of_version_0_1_leave_the_state_directory(world):
    store = await changed(world)
    await store.close()
    old = world.folder / "state/pins"
    folder_of(world).rename(old)
    again = await reopened(world)
    assert (await again.list_unapproved_tools()).names() == ["send"]
    assert not old.exists()
    assert kept(world) == 1


async def test_where_the_data_folder_cannot_be_used_approvals_stay_in_the_state_directory(world, monkeypatch, caplog):
    (world.folder / "no-folder").write_text("in the way")
    monkeypatch.setenv("XDG_DATA_HOME", str(world.folder / "no-folder"))
    store = await changed(world)
    assert f"approvals of tools are kept in {world.folder}/state/pins, which must not be deleted" in caplog.text
    await store.close()
    monkeypatch.undo()
    again = await reopened(world)
    assert (await again.list_unapproved_tools()).names() == ["send"]
    assert not (world.folder / "state/pins").exists()
