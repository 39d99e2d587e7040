"""The configuration of a store: where it is found, what outside changes do, what survives."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mcpstore.errors import ConfigError, ConfigSyntaxError, InvalidService
from mcpstore.hooks import Era


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


def write(path: Path, servers: dict[str, object]) -> None:
    """Write a configuration the way editors do: a new file renamed over the old one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"mcpServers": servers}))
    fresh.replace(path)


def real(path: str | Path) -> str:
    return os.path.realpath(Path(path).expanduser())


async def test_outside_changes_of_the_file_are_followed_while_running(world):
    write(world.path, {"a": world.entry("a"), "b": world.entry("b"), "c": world.entry("c")})
    store = await world.open(world.path)
    for name in "abc":
        assert await store.wait_service(name, "healthy", timeout=60)
    world.server("b2")
    write(world.path, {"a": world.entry("a"), "b": world.entry("b2"), "d": world.entry("d")})
    await eventually(lambda: world.servers["b2"].open_now == 1 and world.server("d").open_now == 1)
    await eventually(lambda: world.servers["c"].open_now == 0)
    assert (await store.list_services()).names() == ["a", "b", "d"]
    assert world.servers["a"].opened == 1
    assert world.servers["b"].open_now == 0


async def test_equivalent_spellings_of_an_entry_restart_nothing(world):
    write(world.path, {"a": world.entry("a"), "b": world.entry("b")})
    store = await world.open(world.path)
    for name in "ab":
        assert await store.wait_service(name, "healthy", timeout=60)
    same = {"b": world.entry("b", _note="mine"), "a": {**world.entry("a"), "description": "seen"}}
    world.path.write_text("// comment\n" + json.dumps({"mcpServers": same, "other": 1}, indent=7))
    async with asyncio.timeout(60):
        while (await store.get_service_info("a")).description != "seen":
            await asyncio.sleep(0.01)
    assert [server.opened for server in world.servers.values()] == [1, 1]


async def test_disabling_and_enabling_a_service_in_the_file_stops_and_starts_it(world):
    write(world.path, {"a": world.entry("a")})
    store = await world.open(world.path)
    assert await store.wait_service("a", "healthy", timeout=60)
    write(world.path, {"a": world.entry("a", disabled=True)})
    assert await store.wait_service("a", "stopped", timeout=60)
    write(world.path, {"a": world.entry("a")})
    assert await store.wait_service("a", "healthy", timeout=60)


@pytest.mark.parametrize("how", ["never started", "stopped", "being stopped", "in error"])
async def test_an_entry_enabled_in_the_file_is_started_whatever_its_status_was(world, how):
    entry = world.entry("a")
    write(world.path, {"a": {**entry, "disabled": how == "never started"}})
    world.server("a", open_error=OSError("no") if how == "in error" else None)
    store = await world.open(world.path)
    if how == "in error":
        assert await store.wait_service("a", "error", timeout=60)
        write(world.path, {"a": {**entry, "disabled": True}})
        assert await store.wait_service("a", "stopped", timeout=60)
    elif how != "never started":
        assert await store.wait_service("a", "healthy", timeout=60)
        world.server("a", close_delay=0.5 if how == "being stopped" else 0.0)
        stopping = asyncio.ensure_future(store.stop_service("a"))
        await eventually(lambda: json.loads(world.path.read_text())["mcpServers"]["a"]["disabled"])
        assert how == "being stopped" or await stopping
    world.server("a", open_error=None)
    write(world.path, {"a": {**entry, "disabled": False}})
    assert await store.wait_service("a", "healthy", timeout=60)
    if how == "being stopped":
        await stopping


async def test_a_file_that_becomes_unreadable_is_reported_and_changes_nothing(world, caplog):
    write(world.path, {"a": world.entry("a")})
    store = await world.open(world.path)
    assert await store.wait_service("a", "healthy", timeout=60)
    with caplog.at_level(logging.WARNING):
        world.path.write_text('{"mcpServers": {"a": ')
        await eventually(lambda: "the services continue as they are" in caplog.text)
    assert await store.get_service_status("a") == "running"
    problems = await store.config_problems()
    assert ":1:" in problems[0].what
    with pytest.raises(ConfigSyntaxError):
        await store.add_service({"name": "b", **world.entry("b")})
    assert world.path.read_text() == '{"mcpServers": {"a": '
    write(world.path, {"a": world.entry("a"), "b": world.entry("b")})
    assert await eventually(lambda: world.server("b").open_now == 1) is None
    assert await store.config_problems() == []


async def test_an_entry_that_becomes_invalid_does_not_change_its_service(world):
    write(world.path, {"a": world.entry("a"), "b": world.entry("b")})
    store = await world.open(world.path)
    assert await store.wait_service("a", "healthy", timeout=60)
    write(world.path, {"a": {"args": ["no command"]}, "b": world.entry("b")})
    async with asyncio.timeout(60):
        while not await store.config_problems():
            await asyncio.sleep(0.01)
    assert "'a'" in str((await store.config_problems())[0])
    assert (world.servers["a"].opened, world.servers["a"].open_now) == (1, 1)


async def test_a_corrupt_file_is_refused_with_its_location_and_never_overwritten(world):
    world.path.write_text('{\n  "mcpServers": {\n    "a": {"command" "x"}\n  }\n}\n')
    before = world.path.read_bytes()
    with pytest.raises(ConfigSyntaxError, match=r"mcp\.json:3:\d+: "):
        await world.open(world.path)
    assert world.path.read_bytes() == before


async def test_a_named_file_that_is_missing_is_reported_once_and_created_when_needed(world, caplog):
    path = world.folder / "not" / "yet" / "mcp.json"
    store = await world.open(str(path))
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"{path} does not exist; it is created when a service is added"
    ]
    await store.add_service({"name": "a", **world.entry("a")})
    assert json.loads(path.read_text())["mcpServers"]["a"]


async def test_one_invalid_entry_stops_no_other_service(world):
    write(world.path, {"bad": {"url": 7}, "a": world.entry("a")})
    store = await world.open(world.path)
    assert await store.wait_service("a", "healthy", timeout=60)
    assert (await store.list_services()).names() == ["a"]
    assert any("bad" in str(problem) for problem in await store.config_problems())


async def test_unknown_keys_comments_and_order_survive_every_verb(world):
    text = (
        '{\n\t// mine\n\t"$schema": "x",\n\t"mcpServers": {\n'
        '\t\t"a": {"transport": {"type": "scripted", "server": "a"}, "_note": 1}, // keep\n\t},\n\t"z": [1,2]\n}'
    )
    world.path.write_text(text)
    world.server("a")
    store = await world.open(world.path)
    await store.add_service({"name": "b", **world.entry("b")})
    await store.stop_service("a")
    await store.start_service("a")
    await store.remove_service("b")
    assert world.path.read_text() == text.replace('"_note": 1}', '"_note": 1, "disabled": false}')


async def test_a_store_without_a_file_creates_it_with_the_first_service(world):
    store = await world.open(world.folder / "deep" / "down" / "mcp.json")
    assert not (world.folder / "deep").exists()
    await store.add_service({"name": "a", **world.entry("a")})
    path = world.folder / "deep" / "down" / "mcp.json"
    assert json.loads(path.read_text()) == {"mcpServers": {"a": world.entry("a")}}
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_default_location_is_the_variable_then_the_folder_then_the_user_directory(world, monkeypatch):
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(world.folder / "config"))
    monkeypatch.delenv("MCPSTORE_CONFIG", raising=False)

    async def opened() -> str:
        store = await world.open(default=True)
        try:
            return real(store.location)
        finally:
            await store.close()

    assert await opened() == real(world.folder / "config" / "mcpstore" / "mcp.json")
    write(world.folder / "mcp.json", {})
    assert await opened() == real(world.folder / "mcp.json")
    write(world.folder / "stated.json", {})
    monkeypatch.setenv("MCPSTORE_CONFIG", str(world.folder / "stated.json"))
    assert await opened() == real(world.folder / "stated.json")


@pytest.mark.parametrize("config", [42, b"mcp.json", ["mcp.json"]])
async def test_a_configuration_of_the_wrong_kind_is_refused(world, config):
    with pytest.raises(ConfigError, match="config: must be a path, a URL, a dictionary or None"):
        await world.open(config)


async def test_a_location_without_a_backend_is_refused_with_the_known_ones(world):
    with pytest.raises(ConfigError, match=r"no persistence backend keeps 'redis://host/0'; known backends: mcp_json"):
        await world.open("redis://user:secret@host/0")


async def test_an_unset_variable_delays_one_service_and_is_named(world, monkeypatch):
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    store = await world.open(
        {
            "mcpServers": {
                "a": world.entry("a"),
                "b": {"transport": {"type": "scripted", "server": "${NOT_SET_ANYWHERE}"}},
            }
        }
    )
    assert await store.wait_service("a", "healthy", timeout=60)
    assert await store.wait_service("b", "error", timeout=60)
    info = await store.get_service_info("b")
    assert "NOT_SET_ANYWHERE" in info.error
    assert info.state_metadata.reason == "permanent"
    world.server("late")
    monkeypatch.setenv("NOT_SET_ANYWHERE", "late")
    assert await store.start_service("b") is True


async def test_a_configuration_may_block_plugins(world):
    store = await world.open({"mcpServers": {}, "mcpstore": {"block_plugins": ["scripted"]}})
    listed = {plugin.name: plugin.status for plugin in await store.list_plugins()}
    assert listed["scripted"] == "blocked"
    with pytest.raises(InvalidService, match="no transport has this name"):
        await store.add_service({"name": "a", **world.entry("a")})


async def test_a_second_store_of_the_same_state_directory_takes_one_of_its_own(world):
    write(world.path, {"a": world.entry("a")})
    first = await world.open(world.path)
    second = await world.open(world.path)
    assert (first.is_primary, second.is_primary) == (True, False)
    assert len(list(world.folder.glob("state*"))) == 2
    await second.add_service({"name": "b", **world.entry("b")})
    await first.wait_service("a", "healthy", timeout=60)
    await eventually(lambda: world.server("b").opened == 2)
    await second.close()
    assert [path.name for path in world.folder.glob("state*")] == ["state"]


async def test_a_store_opened_for_one_command_does_not_block_a_manager(world):
    write(world.path, {"a": world.entry("a")})
    passing = await world.open(world.path, start=False)
    staying = await world.open(world.path)
    assert (passing.is_primary, staying.is_primary) == (False, True)
    assert [path.name for path in world.folder.glob("state*")] == ["state"]


async def test_what_one_store_learned_about_a_server_is_used_by_the_next(world):
    write(world.path, {"a": world.entry("a")})
    wanted = []
    for start in (True, False, False):
        store = await world.open(world.path, start=start)
        await store.start_service("a", 60)
        wanted.append(world.server("a").connections[-1].peer.era)
        await store.close()
    assert wanted == [None, Era.LEGACY, Era.LEGACY]
    assert [path.name for path in (world.folder / "state").glob("eras*")] == ["eras.json"]


async def test_ten_thousand_services_are_read_and_listed(world):
    world.server("a")
    entry = {**world.entry("a"), "disabled": True}
    write(world.path, {f"service {i}": entry for i in range(10_000)})
    store = await world.open(world.path)
    assert len(await store.list_services()) == 10_000
