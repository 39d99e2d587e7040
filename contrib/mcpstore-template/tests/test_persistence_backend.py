"""The persistence backend stores documents, and loses no concurrent change."""

from __future__ import annotations

import asyncio
import json
from typing import ClassVar

import anyio
import pytest
from mcpstore_template import persistence_backend as plugin

from mcpstore import AsyncMCPStore
from mcpstore.errors import ConfigConflict, ConfigSyntaxError
from mcpstore.hooks import MISSING, Edit
from mcpstore.testing.suites import PersistenceSuite


class TestPersistenceBackend(PersistenceSuite):
    plugin = plugin
    name = "template"
    lacks: ClassVar = {"secrets": "a path is no secret", "failures": "root can write everywhere"}

    def location(self) -> str:
        return f"template://{self.folder}/document.json"

    async def corrupt(self, location: str) -> None:
        (self.folder / "document.json").write_text("{half")


def put(name: str) -> Edit:
    return Edit(path=("mcpServers", name), value={"command": "true"}, expect=MISSING, entry=name)


@pytest.fixture
def location(tmp_path):
    return f"template://{tmp_path}/fleet.json"


async def test_what_was_written_is_read_again(location):
    document = plugin.JsonDocument(location)
    assert (await document.read()).data == {}
    written = await document.edit([put("a")])
    assert (
        (await plugin.JsonDocument(location).read()).data == written.data == {"mcpServers": {"a": {"command": "true"}}}
    )


async def test_edits_are_applied_all_or_none(location):
    document = plugin.JsonDocument(location)
    await document.edit([put("a")])
    with pytest.raises(ConfigConflict):
        await document.edit([put("b"), put("a")])
    assert list((await document.read()).data["mcpServers"]) == ["a"]


async def test_concurrent_writers_lose_nothing(location):
    await asyncio.gather(*(plugin.JsonDocument(location).edit([put(f"s{n}")]) for n in range(10)))
    assert len((await plugin.JsonDocument(location).read()).data["mcpServers"]) == 10


@pytest.mark.parametrize("text", ["{half", "[]", '"text"'])
async def test_a_file_that_is_not_a_document_is_refused_and_not_overwritten(location, tmp_path, text):
    (tmp_path / "fleet.json").write_text(text)
    document = plugin.JsonDocument(location)
    for attempt in (document.read, lambda: document.edit([put("a")])):
        with pytest.raises(ConfigSyntaxError):
            await attempt()
    assert (tmp_path / "fleet.json").read_text() == text


async def test_changes_by_other_programs_are_reported(location, tmp_path):
    document = plugin.JsonDocument(location)
    await document.edit([put("a")])
    changes = document.changes()
    change = asyncio.ensure_future(anext(changes))
    (tmp_path / "fleet.json").write_text(json.dumps({"mcpServers": {}}))
    with anyio.fail_after(30):
        await change
    await changes.aclose()


async def test_a_store_uses_it(location, tmp_path):
    options = {"plugins": {"tested": plugin}, "block_plugins": ["mcpstore-template"], "state_dir": tmp_path / "state"}
    async with AsyncMCPStore(location, start=False, **options) as store:
        await store.add_service({"name": "a", "command": "true"})
    async with AsyncMCPStore(location, start=False, **options) as again:
        assert (await again.list_services()).names() == ["a"]
    assert "a" in json.loads((tmp_path / "fleet.json").read_text())["mcpServers"]
