"""The suite of persistence backends passes one that is right, and catches those that are wrong."""
# ruff: noqa: PTH123, SIM115 - whatever is wrong here is wrong on purpose

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcpstore import hookimpl
from mcpstore.config.memory import MemoryDocument
from mcpstore.errors import ConfigConflict, ConfigError, ConfigSyntaxError
from mcpstore.hooks import Content, PersistenceBackend
from mcpstore.testing.suites import PersistenceSuite
from testing.running import failures


class Bucket:
    """What is kept at one location: a text, its number, and who wants to know of changes."""

    def __init__(self) -> None:
        self.text = "{}"
        self.revision = 0
        self.is_broken = False
        self.changed = asyncio.Event()


class BucketDocument:
    """A right document, from which wrong ones derive."""

    def __init__(self, location: str, bucket: Bucket) -> None:
        self.location = location.partition("?")[0]
        self.bucket = bucket

    async def read(self) -> Content:
        await asyncio.sleep(0)
        return Content(data=self.load(), revision=str(self.bucket.revision))

    def load(self) -> Any:
        try:
            return json.loads(self.bucket.text)
        except ValueError as error:
            raise ConfigSyntaxError(self.location, str(error), line=1, column=1) from None

    async def edit(self, edits) -> Content:
        await asyncio.sleep(0)
        content = await self.changed(self.load(), edits)
        self.save(content.data)
        return await self.read()

    async def changed(self, data: Any, edits: Any) -> Content:
        return await MemoryDocument(data).edit(edits)

    def save(self, data: Any) -> None:
        if self.bucket.is_broken:
            raise ConfigError(f"{self.location} cannot be written; the disk is full")
        text = json.dumps(data)
        if text != self.bucket.text:
            self.bucket.text = text
            self.bucket.revision += 1
            self.bucket.changed.set()
            self.bucket.changed = asyncio.Event()

    async def changes(self):
        while True:
            await self.bucket.changed.wait()
            yield


class ForgetsTheRest(BucketDocument):
    """Writes back what it understands."""

    def save(self, data: Any) -> None:
        super().save({"mcpServers": data.get("mcpServers", {})})


class Sorts(BucketDocument):
    def save(self, data: Any) -> None:
        super().save(json.loads(json.dumps(data, sort_keys=True)))


class ReadsThenWrites(BucketDocument):
    """Does not look again at what is there before it writes."""

    async def edit(self, edits):
        data = self.load()
        await asyncio.sleep(0.001)
        content = await self.changed(data, edits)
        self.save(content.data)
        return content


class HalfAtATime(BucketDocument):
    async def edit(self, edits):
        for edit in edits:
            await super().edit([edit])
            await asyncio.sleep(0.001)
        return await self.read()


class OverwritesRubbish(BucketDocument):
    def load(self) -> Any:
        try:
            return super().load()
        except ConfigSyntaxError:
            return {}


class IgnoresConditions(BucketDocument):
    async def changed(self, data, edits):
        import attrs

        from mcpstore.hooks import ANYTHING

        return await super().changed(data, [attrs.evolve(edit, expect=ANYTHING) for edit in edits])


class BlamesNobody(BucketDocument):
    async def edit(self, edits):
        try:
            return await super().edit(edits)
        except ConfigConflict as error:
            raise ConfigConflict(self.location, "?") from error


class FailsSilently(BucketDocument):
    def save(self, data: Any) -> None:
        if not self.bucket.is_broken:
            super().save(data)


class FailsLoudly(BucketDocument):
    def save(self, data: Any) -> None:
        if self.bucket.is_broken:
            self.bucket.text = ""
            raise OSError(28, "No space left on device")
        super().save(data)


class StopsWatching(BucketDocument):
    async def changes(self):
        await self.bucket.changed.wait()
        yield


class Deaf(BucketDocument):
    async def changes(self):
        await asyncio.Event().wait()
        yield


class Careless(BucketDocument):
    """Hands out what it keeps, at a revision that is always the same, and tells the password."""

    def __init__(self, location: str, bucket: Bucket) -> None:
        super().__init__(location, bucket)
        self.location = location
        self.kept: Any = None

    async def read(self) -> Content:
        self.kept = self.kept or self.load()
        return Content(data=self.kept, revision="1")


class Blocks(BucketDocument):
    def save(self, data: Any) -> None:
        time.sleep(0.02)
        super().save(data)

    async def edit(self, edits):
        content = await self.changed(self.load(), edits)
        self.save(content.data)
        return content


class Eager(BucketDocument):
    """Makes a file as soon as it is opened, and never closes it."""

    def __init__(self, location: str, bucket: Bucket) -> None:
        super().__init__(location, bucket)
        self.file = open(location.removeprefix("bucket://").partition("?")[0] + ".lock", "a+")

    def __del__(self) -> None:
        self.file.close()


class Buckets:
    def __init__(self, document: type[BucketDocument] = BucketDocument, scheme: str = "bucket://") -> None:
        self.document = document
        self.scheme = scheme
        self.kept: dict[str, Bucket] = {}

    def open(self, location: str) -> BucketDocument:
        return self.document(location, self.kept.setdefault(location.partition("?")[0], Bucket()))

    @hookimpl
    def mcpstore_persistence_backends(self) -> list[PersistenceBackend]:
        return [PersistenceBackend(name="bucket", claims=lambda place: place.startswith(self.scheme), open=self.open)]


class BucketSuite(PersistenceSuite):
    plugin = Buckets()
    name = "bucket"

    def location(self) -> str:
        return f"bucket://{self.folder}/x"

    def secret_location(self, secret: str) -> str:
        return f"{self.location()}?password={secret}"

    async def corrupt(self, location: str) -> None:
        bucket = self.plugin.kept[location]
        bucket.text = "{"
        bucket.changed.set()
        bucket.changed = asyncio.Event()

    @asynccontextmanager
    async def failing(self, location: str):
        self.plugin.kept[location].is_broken = True
        yield
        self.plugin.kept[location].is_broken = False


class TestBuckets(BucketSuite):
    pass


@pytest.mark.parametrize(
    ("plugin", "caught"),
    [
        (Buckets(scheme=""), {"test_it_claims_no_others"}),
        (Buckets(scheme="redis://"), {"test_it_claims_its_own_locations"}),
        (
            Buckets(ForgetsTheRest),
            {
                "test_everything_else_is_left_alone",
                "test_objects_on_the_way_are_made",
                "test_an_edit_is_merged_with_a_concurrent_change_of_another_value",
            },
        ),
        (Buckets(Sorts), {"test_the_order_of_keys_is_kept", "test_an_edit_leaves_the_order_of_keys_alone"}),
        (
            Buckets(ReadsThenWrites),
            {
                "test_concurrent_edits_of_one_document_all_take_place",
                "test_concurrent_edits_of_several_documents_all_take_place",
                "test_one_of_several_concurrent_adds_of_an_entry_succeeds",
            },
        ),
        (
            Buckets(HalfAtATime),
            {
                "test_a_concurrent_reader_never_sees_half_an_edit",
                "test_one_conflict_refuses_all_edits",
                "test_a_cancelled_edit_takes_place_as_a_whole_or_not_at_all",
            },
        ),
        (
            Buckets(OverwritesRubbish),
            {
                "test_a_syntax_error_names_the_location",
                "test_what_cannot_be_understood_is_not_overwritten",
            },
        ),
        (
            Buckets(IgnoresConditions),
            {
                "test_a_condition_that_does_not_hold_is_a_conflict_that_names_the_service",
                "test_expecting_something_where_nothing_is_is_a_conflict",
                "test_true_is_not_one",
                "test_null_is_not_nothing",
                "test_one_conflict_refuses_all_edits",
                "test_a_concurrent_change_of_the_same_value_is_a_conflict",
                "test_one_of_several_concurrent_adds_of_an_entry_succeeds",
            },
        ),
        (
            Buckets(BlamesNobody),
            {"test_a_condition_that_does_not_hold_is_a_conflict_that_names_the_service"},
        ),
        (
            Buckets(FailsSilently),
            {"test_a_failed_write_raises_and_changes_nothing", "test_after_a_failure_it_can_be_written_again"},
        ),
        (
            Buckets(FailsLoudly),
            {"test_a_failed_write_raises_and_changes_nothing", "test_after_a_failure_it_can_be_written_again"},
        ),
        (
            Buckets(Deaf),
            {
                "test_a_change_from_outside_is_noticed",
                "test_a_document_that_comes_into_being_is_noticed",
                "test_one_change_after_the_other_is_noticed",
                "test_content_that_becomes_unreadable_is_reported_and_watching_goes_on",
            },
        ),
        (Buckets(StopsWatching), {"test_one_change_after_the_other_is_noticed"}),
        (
            Buckets(Careless),
            {
                "test_the_location_of_a_document_shows_no_secret",
                "test_what_was_read_can_be_changed_without_changing_what_is_kept",
                "test_the_revision_changes_with_the_content_and_only_then",
            },
        ),
        (Buckets(Blocks), {"test_the_event_loop_goes_on_while_much_is_written"}),
        (Buckets(Eager), {"test_opening_touches_nothing"}),
    ],
    ids=lambda given: given.document.__name__ if isinstance(given, Buckets) else "",
)
def test_a_wrong_backend_is_detected(plugin, caught, tmp_path, monkeypatch):
    from mcpstore.testing import leftovers
    from mcpstore.testing.suites.persistence import editing, sharing

    for module in (editing, sharing):
        monkeypatch.setattr(module, "PATIENCE", 0.3)
    monkeypatch.setattr(leftovers, "PATIENCE", 0.1)

    class Tested(BucketSuite):
        limit = 3.0

    Tested.plugin = plugin
    assert failures(Tested, tmp_path, *caught) == caught
