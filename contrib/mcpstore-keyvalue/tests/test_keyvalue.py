"""Documents in real key-value stores."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import ClassVar

import anyio
import mcpstore_keyvalue
import pytest
from mcpstore_keyvalue.document import KeyValueDocument
from mcpstore_keyvalue.places import COLLECTION
from redis.asyncio import Redis

from mcpstore import AsyncMCPStore
from mcpstore.errors import ConfigConflict, ConfigError, ConfigSyntaxError
from mcpstore.hooks import MISSING, Edit
from mcpstore.testing.suites import PersistenceSuite

SERVER = {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}


class TestFiles(PersistenceSuite):
    plugin = mcpstore_keyvalue
    name = "keyvalue"
    lacks: ClassVar = {"secrets": "a path is no secret", "failures": "root can write everywhere"}

    def location(self) -> str:
        return f"keyvalue+files://{self.folder}/store?key=team"

    async def corrupt(self, location: str) -> None:
        (file,) = self.folder.rglob("team.json")
        file.write_text("{half")


class TestMemory(PersistenceSuite):
    plugin = mcpstore_keyvalue
    name = "keyvalue"
    lacks: ClassVar = {
        "failures": "memory can always be written",
        "secrets": "nothing in its location is secret",
        "sharing": "every document has a store of its own",
        "syntax": "what is in memory can be read",
        "watching": "no other program can change it",
    }

    def location(self) -> str:
        return "keyvalue+memory://"


class TestRedis(PersistenceSuite):
    plugin = mcpstore_keyvalue
    name = "keyvalue"
    lacks: ClassVar = {"failures": "the server is shared by these tests"}

    @pytest.fixture(autouse=True)
    def _server(self, redis_url: str) -> None:
        self.url = redis_url

    def location(self) -> str:
        return f"{self.url}?key={self.folder.name}"

    async def corrupt(self, location: str) -> None:
        async with Redis.from_url(self.url, decode_responses=True) as client:
            await client.set(f"{COLLECTION}::{self.folder.name}", "{half")

    def secret_location(self, secret: str) -> str:
        return f"redis://someone:{secret}@127.0.0.1:9/0"


def put(name: str, expect: object = MISSING) -> Edit:
    return Edit(path=("mcpServers", name), value=SERVER, expect=expect, entry=name)


async def test_a_document_that_does_not_exist_is_empty(location):
    assert (await KeyValueDocument(location).read()).data == {}


def test_reading_creates_no_folder(tmp_path):
    asyncio.run(KeyValueDocument(f"keyvalue+files://{tmp_path}/store").read())
    assert list(tmp_path.iterdir()) == []


async def test_what_was_written_is_read_again(location):
    document = KeyValueDocument(location)
    written = await document.edit([put("a"), put("b")])
    read = await document.read()
    assert (read.data, read.revision) == (written.data, written.revision)
    assert list(read.data["mcpServers"]) == ["a", "b"]


async def test_edits_are_applied_all_or_none(location):
    document = KeyValueDocument(location)
    await document.edit([put("a")])
    with pytest.raises(ConfigConflict):
        await document.edit([put("b"), put("a")])
    assert list((await document.read()).data["mcpServers"]) == ["a"]


@pytest.mark.parametrize("kind", ["files", "redis"])
async def test_concurrent_writers_lose_nothing(kind, tmp_path, request):
    at = request.getfixturevalue("redis_url") if kind == "redis" else f"keyvalue+files://{tmp_path}/store"
    with anyio.fail_after(60):
        await asyncio.gather(*(KeyValueDocument(f"{at}?key=many").edit([put(f"s{n}")]) for n in range(20)))
    services = (await KeyValueDocument(f"{at}?key=many").read()).data["mcpServers"]
    assert sorted(services) == sorted(f"s{n}" for n in range(20))


@pytest.mark.parametrize("kind", ["files", "redis"])
async def test_changes_by_other_programs_are_reported_and_own_ones_are_not(kind, tmp_path, request):
    at = request.getfixturevalue("redis_url") if kind == "redis" else f"keyvalue+files://{tmp_path}/store"
    polls = []

    class Watched(KeyValueDocument):
        async def _state(self):
            polls.append(1)
            return await super()._state()

    mine, other = (Watched(f"{at}?key=watched", pause=0.01) for _ in range(2))
    await mine.edit([put("mine")])
    with anyio.fail_after(60):
        changes = mine.changes()
        change = asyncio.ensure_future(anext(changes))
        await mine.edit([put("mine too")])
        polls.clear()
        while len(polls) < 3:
            await asyncio.sleep(0.01)
        assert not change.done()
        await other.edit([put("other")])
        await change
        await changes.aclose()


async def test_a_value_that_is_not_a_document_is_refused_and_not_overwritten(redis_url):
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        await client.set(f"{COLLECTION}::bad", "{half")
        document = KeyValueDocument(f"{redis_url}?key=bad")
        for attempt in (document.read, lambda: document.edit([put("a")])):
            with pytest.raises(ConfigSyntaxError, match="value of key 'bad' is not a document"):
                await attempt()
        assert await client.get(f"{COLLECTION}::bad") == "{half"


async def test_a_file_that_is_not_a_document_is_refused_and_not_overwritten(tmp_path):
    document = KeyValueDocument(f"keyvalue+files://{tmp_path}?key=bad")
    await document.edit([put("a")])
    (file,) = tmp_path.rglob("bad.json")
    file.write_text("{half")
    for attempt in (document.read, lambda: document.edit([put("b")])):
        with pytest.raises(ConfigSyntaxError, match="value of key 'bad' is not a document"):
            await attempt()
    assert file.read_text() == "{half"


async def test_a_server_that_cannot_be_reached_is_an_error_without_the_password():
    with pytest.raises(ConfigError, match=r"redis://127.0.0.1:9/0 cannot be read") as caught:
        await KeyValueDocument("redis://:hunter2@127.0.0.1:9/0").read()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("keyvalue+files://relative", "must have an absolute path"),
        ("redis://host/0?colour=red", "option 'colour' is unknown"),
        ("gopher://host", "must begin with redis://"),
    ],
)
def test_an_invalid_location_is_refused(location, message):
    with pytest.raises(ConfigError, match=message):
        KeyValueDocument(location)


async def test_a_store_uses_a_configuration_in_redis(redis_url, tmp_path: Path):
    plugins = {"keyvalue": mcpstore_keyvalue}
    at = f"{redis_url}?key=fleet"
    options = {"state_dir": tmp_path, "plugins": plugins, "block_plugins": ["mcpstore-keyvalue"]}
    async with AsyncMCPStore(at, **options) as store:
        await store.add_service({"name": "a", **SERVER})
        assert await store.start_service("a", 60)
    async with AsyncMCPStore(at, start=False, **options) as again:
        assert (await again.list_services()).names() == ["a"]
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        kept = json.loads(await client.get(f"{COLLECTION}::fleet"))
    document = json.loads(kept["value"]["document"])
    assert document["mcpServers"]["a"]["command"] == sys.executable
