"""A configuration that is edited while it is used: only what changed is restarted, however it is written."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcpstore.errors import ConfigError
from mcpstore.hooks import hookimpl

NAMES = ("a", "b", "c", "d")

Text = Callable[[dict[str, Any]], str]
Way = Callable[[Path, str], None]


class Updates:
    """A plugin that hears of services that are updated."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @hookimpl
    def mcpstore_service_updated(self, service: Any) -> None:
        self.names.append(service.name)


class Fleet:
    """A store over a file, and the servers in it."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.path: Path = world.path
        self.updates = Updates()
        self.servers: dict[str, Any] = {name: self.entry(name) for name in NAMES}
        self.servers["b"] |= {"env": {"Z": "1", "Y": "2"}, "mcpstore": {"depends_on": ["a"], "timeouts": {"call": 9}}}

    def entry(self, name: str) -> dict[str, Any]:
        return {"description": f"what {name} is", **self.world.entry(name)}

    async def open(self) -> Any:
        store = await self.world.open(self.path, plugins={"updates": self.updates})
        for name in self.servers:
            assert await store.wait_service(name, "healthy", timeout=60)
        return store

    def opened(self) -> dict[str, int]:
        return {name: server.opened for name, server in self.world.servers.items() if server.opened}

    async def until_known(self, name: str) -> None:
        """Wait until a server is open: whatever was written before has been read by then."""
        async with asyncio.timeout(60):
            while name not in self.world.servers or not self.world.servers[name].open_now:
                await asyncio.sleep(0.01)

    def with_mark(self, servers: dict[str, Any]) -> dict[str, Any]:
        return {**servers, "mark": self.entry("mark")}


@pytest.fixture
def fleet(world) -> Fleet:
    return Fleet(world)


def plain(servers: dict[str, Any]) -> str:
    return json.dumps({"mcpServers": servers})


def shuffled(value: Any, dice: random.Random) -> Any:
    if not isinstance(value, dict):
        return value
    keys = list(value)
    dice.shuffle(keys)
    return {key: shuffled(value[key], dice) for key in keys}


def commented(servers: dict[str, Any]) -> str:
    lines = json.dumps({"mcpServers": servers}, indent=4).splitlines()
    return "// mine\n" + "\n".join(f"{line} // {number}" for number, line in enumerate(lines)) + "\n/* end */"


SAME: dict[str, Text] = {
    **{
        f"keys in order {seed}": lambda servers, seed=seed: plain(shuffled(servers, random.Random(seed)))
        for seed in range(4)
    },
    "lines and spaces": lambda servers: json.dumps({"mcpServers": servers}, indent="\t").replace("\n", "\r\n\r\n"),
    "a byte order mark": lambda servers: "\ufeff" + plain(servers),
    "comments and commas": lambda servers: commented(servers).replace("} //", "}, //", 1),
    "letters as numbers": lambda servers: plain(servers).replace('"b":', '"\\u0062":'),
    "what other clients know": lambda servers: json.dumps(
        {"theme": "dark", "mcpServers": {n: {**e, "autoApprove": [], "_x": {"y": 1}} for n, e in servers.items()}}
    ),
    "what goes without saying": lambda servers: plain({n: {**e, "disabled": False} for n, e in servers.items()}),
}
"""Other words for the same thing."""


def in_place(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def over(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_bytes(text.encode())
    fresh.replace(path)


def beside_a_backup(path: Path, text: str) -> None:
    path.with_name(f".{path.name}.swp").write_text("swap")
    if path.exists():
        path.replace(path.with_name(f"{path.name}~"))
    path.write_bytes(text.encode())
    path.with_name(f".{path.name}.swp").unlink()


def away_and_back(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(text.encode())


def in_pieces(path: Path, text: str) -> None:
    content = text.encode()
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(content), 50):
            file.write(content[start : start + 50])


def by_turning_a_link(path: Path, text: str) -> None:
    number = len(list(path.parent.glob("version*")))
    version = path.with_name(f"version{number}.json")
    version.write_bytes(text.encode())
    link = path.with_name("link.tmp")
    link.symlink_to(version.name)
    link.replace(path)


def by_turning_the_link_of_a_folder(path: Path, text: str) -> None:
    """As Kubernetes does: the file is a link through a link."""
    number = len(list(path.parent.glob("..v*")))
    folder = path.with_name(f"..v{number}")
    folder.mkdir()
    (folder / path.name).write_bytes(text.encode())
    link = path.with_name("..data.tmp")
    link.symlink_to(folder.name)
    link.replace(path.with_name("..data"))
    if not path.is_symlink():
        fresh = path.with_name("first.tmp")
        fresh.symlink_to(f"..data/{path.name}")
        fresh.replace(path)


def behind_a_link(path: Path, text: str) -> None:
    target = path.with_name("target.json")
    if path.is_symlink():
        over(target, text)
    else:
        target.write_bytes(text.encode())
        by_link = path.with_name("link.tmp")
        by_link.symlink_to(target.name)
        by_link.replace(path)


WAYS: tuple[Way, ...] = (
    in_place,
    over,
    beside_a_backup,
    away_and_back,
    in_pieces,
    by_turning_a_link,
    by_turning_the_link_of_a_folder,
    behind_a_link,
)


@pytest.mark.parametrize("spell", SAME.values(), ids=SAME)
async def test_equivalent_spellings_restart_and_update_nothing(fleet, spell):
    over(fleet.path, plain(fleet.servers))
    await fleet.open()
    before = fleet.opened()
    over(fleet.path, spell(fleet.servers))
    over(fleet.path, spell(fleet.with_mark(fleet.servers)))
    await fleet.until_known("mark")
    assert fleet.opened() == {**before, "mark": 1}
    assert fleet.updates.names == []


@pytest.mark.parametrize("write", WAYS)
async def test_only_changed_services_are_restarted_however_the_file_is_written(fleet, write):
    write(fleet.path, plain(fleet.servers))
    await fleet.open()
    before = fleet.opened()
    changed = {**fleet.servers, "c": fleet.entry("other")}
    write(fleet.path, SAME["keys in order 1"](changed))
    await fleet.until_known("other")
    write(fleet.path, SAME["keys in order 2"](fleet.with_mark(changed)))
    await fleet.until_known("mark")
    assert fleet.opened() == {**before, "other": 1, "mark": 1}
    assert fleet.world.server("c").open_now == 0
    assert fleet.updates.names == ["c"]


async def test_events_beside_the_file_are_no_edits(fleet):
    over(fleet.path, plain(fleet.servers))
    await fleet.open()
    before = fleet.opened()
    for _ in range(20):
        os.utime(fleet.path)
        fleet.path.chmod(0o640)
        fleet.path.with_name("mcp.json.bak").write_text(plain({}))
        fleet.path.with_name("mcp.json~").write_text("{")
        fleet.path.with_name("#mcp.json#").write_text(plain({"x": fleet.entry("x")}))
        shutil.copy(fleet.path, fleet.path.with_name("mcp.json.orig"))
        fleet.path.read_text()
        over(fleet.path, fleet.path.read_text())
        await asyncio.sleep(0)
    over(fleet.path, plain(fleet.with_mark(fleet.servers)))
    await fleet.until_known("mark")
    assert fleet.opened() == {**before, "mark": 1}
    assert fleet.updates.names == []


async def test_settings_outside_the_connection_restart_nothing_and_apply_at_once(fleet):
    over(fleet.path, plain(fleet.servers))
    store = await fleet.open()
    before = fleet.opened()
    own = {
        "timeouts": {"call": 0.5},
        "tool_pinning": "off",
        "health": "list_tools",
        "recovery": "fixed",
        "restart": "never",
    }
    over(fleet.path, plain({**fleet.servers, "c": {**fleet.servers["c"], "mcpstore": own}}))
    async with asyncio.timeout(60):
        while not fleet.updates.names:
            await asyncio.sleep(0.01)
    assert (fleet.opened(), fleet.updates.names) == (before, ["c"])
    info = await store.get_service_info("c")
    assert info.config["mcpstore"] == own


async def test_the_last_of_many_quick_edits_is_applied(fleet):
    over(fleet.path, plain(fleet.servers))
    await fleet.open()
    before = fleet.opened()
    for number in range(50):
        WAYS[number % 2](fleet.path, plain({**fleet.servers, "c": fleet.entry(f"c{number}")}))
        await asyncio.sleep(0.001)
    await fleet.until_known("c49")
    over(fleet.path, plain(fleet.with_mark({**fleet.servers, "c": fleet.entry("c49")})))
    await fleet.until_known("mark")
    opened = fleet.opened()
    assert {name: opened[name] for name in before} == before
    assert [name for name, server in fleet.world.servers.items() if server.open_now and name.startswith("c")] == ["c49"]


EMPTIED: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "no bytes": lambda path: path.write_bytes(b""),
    "nothing in it": lambda path: path.write_bytes(b"{}"),
    "its folder is gone": lambda path: path.parent.rename(path.parent.with_name("elsewhere")),
}


@pytest.mark.parametrize("empty", EMPTIED.values(), ids=EMPTIED)
async def test_a_file_that_is_suddenly_empty_or_missing_is_reported_and_stops_no_service(fleet, caplog, empty):
    fleet.path = fleet.world.folder / "home" / "mcp.json"
    fleet.path.parent.mkdir()
    over(fleet.path, plain(fleet.servers))
    store = await fleet.open()
    before = fleet.opened()
    empty(fleet.path)
    async with asyncio.timeout(60):
        while "is empty or missing, and was not before" not in caplog.text:
            await asyncio.sleep(0.01)
    (problem,) = await store.config_problems()
    assert "restore it" in problem.what
    for edit in (store.remove_service("a"), store.add_service({"name": "x", **fleet.entry("x")})):
        with pytest.raises(ConfigError, match="is empty or missing"):
            await edit
    assert all(fleet.world.server(name).open_now for name in NAMES)
    fleet.path.parent.mkdir(exist_ok=True)
    over(fleet.path, plain(fleet.with_mark(fleet.servers)))
    await fleet.until_known("mark")
    assert fleet.opened() == {**before, "mark": 1}
    assert await store.config_problems() == []
    over(fleet.path, plain({}))
    async with asyncio.timeout(60):
        while await store.list_services():
            await asyncio.sleep(0.01)
