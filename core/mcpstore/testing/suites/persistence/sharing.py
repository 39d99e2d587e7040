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
    async def test_an_edit_is_merged_with_what_somebody_else_wrote_meanwhile(self) -> None:
        document = await self.holding({"mcpServers": {"a": ENTRY}})
        await document.read()
        await self.write_outside(self.location(), "theirs", {"x": 1})
        content = await document.edit([put(("mcpServers", "b"), ENTRY)])
        assert content.data == {"mcpServers": {"a": ENTRY, "b": ENTRY}, "theirs": {"x": 1}}

    @needs("sharing")
    async def test_somebody_elses_change_of_the_same_value_is_a_conflict(self) -> None:
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
    async def test_whoever_reads_meanwhile_never_sees_half_an_edit(self) -> None:
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
    async def test_of_two_who_make_the_same_entry_one_gets_it(self) -> None:
        made = [
            self.document().edit([put(("mcpServers", "new"), {"command": str(n)}, expect=MISSING, entry="new")])
            for n in range(WRITERS)
        ]
        outcomes = await asyncio.gather(*made, return_exceptions=True)
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
        async with _watching(document) as told:
            await self.write_outside(self.location(), "a", 2)
            await asyncio.wait_for(told.wait(), PATIENCE)
        assert (await document.read()).data == {"a": 2}

    @needs("sharing", "watching")
    async def test_a_document_that_comes_into_being_is_noticed(self) -> None:
        document = self.document()
        await document.read()
        async with _watching(document) as told:
            await self.write_outside(self.location(), "a", 1)
            await asyncio.wait_for(told.wait(), PATIENCE)

    @needs("sharing", "watching")
    async def test_one_change_after_the_other_is_noticed(self) -> None:
        document = await self.holding({"a": 0})
        async with _watching(document) as told:
            for n in range(1, 4):
                told.clear()
                await self.write_outside(self.location(), "a", n)
                await asyncio.wait_for(told.wait(), PATIENCE)
                await document.read()

    @needs("watching", "sharing", "syntax")
    async def test_what_cannot_be_understood_any_longer_is_noticed_and_no_reason_to_stop_watching(self) -> None:
        document = await self.holding({"a": 0})
        async with _watching(document) as told:
            await self.corrupt(self.location())
            await asyncio.wait_for(told.wait(), PATIENCE)

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
    """Watch a document meanwhile; yields what is set when a change is told."""
    told = asyncio.Event()

    async def watch() -> None:
        async for _ in document.changes():
            told.set()

    task = asyncio.create_task(watch())
    await asyncio.sleep(0.05)
    try:
        yield told
    finally:
        was_running = not task.done()
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE)
        assert task.done(), "watching must end when its task is cancelled"
        assert was_running, f"watching must go on until it is cancelled: {task!r}"
