"""Checks of a persistence backend: several documents of one place, several writers, and those who watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcpstore.errors import ConfigConflict
from mcpstore.hooks import MISSING, Document
from mcpstore.store import AsyncMCPStore
from mcpstore.testing.leftovers import nothing_left
from mcpstore.testing.suites.base import PATIENCE, needs, stand_ins
from mcpstore.testing.suites.persistence.base import ENTRY, PersistenceChecks, put

__all__ = ["SharingChecks"]

WRITERS = 4
EDITS = 10


class SharingChecks(PersistenceChecks):
    """Checks with more than one party."""

    @needs("sharing")
    async def test_what_was_edited_is_read_by_another_document(self) -> None:
        await self.document().edit([put(("mcpServers", "a"), ENTRY)])
        assert (await self.document().read()).data == {"mcpServers": {"a": ENTRY}}

    @needs("sharing")
    async def test_an_edit_is_merged_with_a_concurrent_change_of_another_value(self) -> None:
        document = await self.holding({"mcpServers": {"a": ENTRY}})
        await document.read()
        await self.write_outside(self.location(), "theirs", {"x": 1})
        content = await document.edit([put(("mcpServers", "b"), ENTRY)])
        assert content.data == {"mcpServers": {"a": ENTRY, "b": ENTRY}, "theirs": {"x": 1}}

    @needs("sharing")
    async def test_a_concurrent_change_of_the_same_value_is_a_conflict(self) -> None:
        document = await self.holding({"a": 1})
        await self.write_outside(self.location(), "a", 2)
        try:
            await document.edit([put(("a",), 3, expect=1, entry="a")])
        except ConfigConflict:
            pass
        else:
            raise AssertionError("an edit must not overwrite what it did not expect")
        assert (await self.document().read()).data == {"a": 2}

    async def test_concurrent_edits_of_one_document_all_take_place(self) -> None:
        document = self.document()
        await asyncio.gather(*(document.edit([put(("all", f"n{n}"), n)]) for n in range(20)))
        assert (await document.read()).data == {"all": {f"n{n}": n for n in range(20)}}

    @needs("sharing")
    async def test_concurrent_edits_of_several_documents_all_take_place(self) -> None:
        await self._write_all()
        expected = {f"w{w}-{n}": n for w in range(WRITERS) for n in range(EDITS)}
        assert (await self.document().read()).data == {"all": expected}

    @needs("sharing")
    async def test_a_concurrent_reader_never_sees_half_an_edit(self) -> None:
        await self.document().edit([put(("n",), 0), put(("m",), 0)])

        async def write() -> None:
            document = self.document()
            for n in range(1, 30):
                await document.edit([put(("n",), n), put(("m",), n)])

        writing, reader, seen = asyncio.create_task(write()), self.document(), [0]
        while not writing.done():
            await asyncio.sleep(0)
            data = (await reader.read()).data
            assert data["n"] == data["m"]
            assert data["n"] >= seen[-1], "what was read once must not be undone"
            seen.append(data["n"])
        await writing

    @needs("sharing")
    async def test_one_of_several_concurrent_adds_of_an_entry_succeeds(self) -> None:
        edits = [
            self.document().edit([put(("mcpServers", "new"), {"command": str(n)}, expect=MISSING, entry="new")])
            for n in range(WRITERS)
        ]
        outcomes = await asyncio.gather(*edits, return_exceptions=True)
        failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert len(failed) == WRITERS - 1
        assert all(isinstance(error, ConfigConflict) for error in failed)

    async def _write_all(self) -> None:
        async def write(number: int) -> None:
            document = self.document()
            for n in range(EDITS):
                await document.edit([put(("all", f"w{number}-{n}"), n)])

        await asyncio.gather(*map(write, range(WRITERS)))

    # --- watching ----------------------------------------------------------------------------------------------

    @needs("sharing", "watching")
    async def test_a_change_from_outside_is_noticed(self) -> None:
        document = await self.holding({"a": 1})
        async with _watching(document) as changed:
            await self.write_outside(self.location(), "a", 2)
            await asyncio.wait_for(changed.wait(), PATIENCE)
        assert (await document.read()).data == {"a": 2}

    @needs("sharing", "watching")
    async def test_a_document_that_comes_into_being_is_noticed(self) -> None:
        document = self.document()
        await document.read()
        async with _watching(document) as changed:
            await self.write_outside(self.location(), "a", 1)
            await asyncio.wait_for(changed.wait(), PATIENCE)

    @needs("sharing", "watching")
    async def test_one_change_after_the_other_is_noticed(self) -> None:
        document = await self.holding({"a": 0})
        async with _watching(document) as changed:
            for n in range(1, 4):
                changed.clear()
                await self.write_outside(self.location(), "a", n)
                await asyncio.wait_for(changed.wait(), PATIENCE)
                await document.read()

    @needs("watching", "sharing", "syntax")
    async def test_content_that_becomes_unreadable_is_reported_and_watching_goes_on(self) -> None:
        document = await self.holding({"a": 0})
        async with _watching(document) as changed:
            await self.corrupt(self.location())
            await asyncio.wait_for(changed.wait(), PATIENCE)

    async def test_watching_ends_when_it_is_cancelled_and_leaves_nothing(self) -> None:
        document = await self.holding({"a": 1})
        async with _watching(document):
            pass
        async with nothing_left(), _watching(document):
            await asyncio.sleep(0.05)

    # --- in use ------------------------------------------------------------------------------------------------

    @needs("sharing")
    async def test_a_store_keeps_its_services_there(self) -> None:
        async with await self._store() as store:
            await store.add_service({"name": "a", **ENTRY})
        async with await self._store() as store:
            assert [service.name for service in await store.list_services()] == ["a"]
            await store.remove_service("a")
        data = (await self.document().read()).data
        assert "a" not in (data.get("mcpServers") or {})

    async def _store(self) -> AsyncMCPStore:
        blocked = await asyncio.to_thread(stand_ins, f"persistence backend {self.name}")
        return AsyncMCPStore(
            self.location(), plugins={"tested": self.plugin}, block_plugins=blocked, start=False,
            state_dir=self.folder / "state-of-the-store",
        )  # fmt: skip


@asynccontextmanager
async def _watching(document: Document) -> AsyncGenerator[asyncio.Event]:
    """Watch a document inside the block; yields an event that each change sets."""
    changed = asyncio.Event()

    async def watch() -> None:
        async for _ in document.changes():
            changed.set()

    task = asyncio.create_task(watch())
    await asyncio.sleep(0.05)
    try:
        yield changed
    finally:
        was_running = not task.done()
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE)
        assert task.done(), "watching must end when its task is cancelled"
        assert was_running, f"watching must go on until it is cancelled: {task!r}"
