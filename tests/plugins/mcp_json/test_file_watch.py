"""Changes by other programs are detected, and only those."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from mcpstore.errors import ConfigError, ConfigSyntaxError
from mcpstore.hooks import Edit
from mcpstore_plugins.mcp_json import file_watch
from mcpstore_plugins.mcp_json.document import FileDocument

DEADLINE = 20


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "home").mkdir()
    file = tmp_path / "home" / "mcp.json"
    file.write_text('{"a": 1}')
    return file


class Listener:
    """Counts the changes that a document reports."""

    def __init__(self, document: FileDocument) -> None:
        self.document = document
        self.heard = 0
        self._changed = asyncio.Event()

    async def listen(self) -> None:
        async for _ in self.document.changes():
            self.heard += 1
            self._changed.set()

    async def next(self) -> None:
        with anyio.fail_after(DEADLINE):
            await self._changed.wait()
        self._changed.clear()


@asynccontextmanager
async def listening(path: Path):
    document = FileDocument(str(path))
    await document.read()
    listener = Listener(document)
    task = asyncio.create_task(listener.listen())
    try:
        yield listener
    finally:
        task.cancel()
        with anyio.fail_after(DEADLINE):
            await asyncio.wait([task])
        assert task.cancelled()


def replace(path: Path, text: str) -> None:
    beside = path.with_name("editor~")
    beside.write_text(text)
    beside.replace(path)


async def test_a_file_written_in_place_or_renamed_over_is_detected(path):
    async with listening(path) as listener:
        path.write_text('{"a": 2}')
        await listener.next()
        assert (await listener.document.read()).data == {"a": 2}
        replace(path, '{"a": 3}')
        await listener.next()
        assert (await listener.document.read()).data == {"a": 3}
        assert listener.heard == 2


async def test_a_change_between_reading_and_watching_is_detected(path):
    document = FileDocument(str(path))
    await document.read()
    path.write_text('{"a": 2}')
    listener = Listener(document)
    task = asyncio.create_task(listener.listen())
    await listener.next()
    task.cancel()
    await asyncio.wait([task])


async def test_without_a_previous_read_later_changes_are_reported(path):
    document = FileDocument(str(path))
    changes = document.changes()
    first = asyncio.ensure_future(anext(changes))
    with anyio.fail_after(DEADLINE):
        while document._reported is None:
            await checkpoint()
        path.write_text("{}")
        await first
    await changes.aclose()


async def test_touching_the_file_own_edits_and_other_files_are_no_change(path):
    async with listening(path) as listener:
        await listener.document.edit([Edit(path=("b",), value=2)])
        os.utime(path)
        path.with_name("mcp.json.bak").write_text("{}")
        replace(path, path.read_text())
        # notifications are ordered, so none is pending when this one has arrived
        path.write_text('{"c": 3}')
        await listener.next()
        await listener.document.read()
        assert listener.heard == 1


async def test_changes_of_a_symlink_and_of_its_target_are_detected(path, tmp_path):
    (tmp_path / "real").mkdir()
    other = tmp_path / "real" / "other.json"
    other.write_text('{"other": 1}')
    link = path.with_name("link.json")
    link.symlink_to(path)
    async with listening(link) as listener:
        link.with_name("new").symlink_to(other)
        link.with_name("new").rename(link)
        await listener.next()
        assert (await listener.document.read()).data == {"other": 1}
        replace(other, '{"other": 2}')
        await listener.next()
        assert (await listener.document.read()).data == {"other": 2}


async def test_creation_and_deletion_of_the_file_are_detected(tmp_path):
    path = tmp_path / "later" / "mcp.json"
    async with listening(path) as listener:
        path.parent.mkdir()
        path.write_text('{"a": 1}')
        await listener.next()
        assert (await listener.document.read()).data == {"a": 1}
        path.unlink()
        await listener.next()
        assert (await listener.document.read()).data == {}


async def test_corruption_of_the_file_and_its_repair_are_detected(path):
    async with listening(path) as listener:
        path.write_text('{"a": ')
        await listener.next()
        with pytest.raises(ConfigSyntaxError):
            await listener.document.read()
        path.write_text('{"a": 1}')
        await listener.next()
        assert (await listener.document.read()).data == {"a": 1}
        path.unlink()
        path.mkdir()
        await listener.next()
        with pytest.raises(ConfigError, match="is a directory"):
            await listener.document.read()
        assert listener.heard == 3


async def test_a_watcher_that_ends_is_restarted(path, monkeypatch):
    import watchfiles

    begun = []

    async def awatch(*places, **options):
        begun.append(places)
        for _ in ():
            yield

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    monkeypatch.setattr(file_watch, "FIRST_POLL", 0.0)
    monkeypatch.setattr(file_watch, "POLL", 0.0)
    async with listening(path) as listener:
        with anyio.fail_after(DEADLINE):
            while len(begun) < 3:
                await checkpoint()
        assert begun[0] == (str(path.parent),)
        assert listener.heard == 0


async def test_without_file_notifications_polling_detects_changes(path, monkeypatch, caplog):
    import watchfiles

    def awatch(*places, **options):
        raise OSError("too many watches")

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    monkeypatch.setattr(file_watch, "POLL", 0.01)
    monkeypatch.setattr(file_watch, "FIRST_POLL", 0.01)
    caplog.set_level(logging.DEBUG, "mcpstore.mcp_json")
    async with listening(path) as listener:
        path.write_text('{"a": 2}')
        await listener.next()
    assert f"cannot watch {path.parent}" in caplog.text
    assert "too many watches" in caplog.text


async def test_with_file_notifications_no_polling_is_needed(path, monkeypatch):
    monkeypatch.setattr(file_watch, "POLL", 1000.0)
    async with listening(path) as listener:
        # the first poll is early, because changes before the watch took effect were not reported
        path.write_text('{"a": 2}')
        await listener.next()
        path.write_text('{"a": 3}')
        await listener.next()


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (["new", "new"], "new"),
        (["half", "more", "new", "new"], "new"),
        (["", "new", "new"], "new"),
        (["", ""], ""),
        ([str(i) for i in range(100)], str(file_watch.MAX_QUIET_CHECKS)),
    ],
)
async def test_a_change_is_reported_after_the_file_has_settled(monkeypatch, states, outcome):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    coming = iter(states)

    async def look():
        return next(coming)

    assert await file_watch._settled(look, frozenset({""})) == outcome
    assert pauses[0] == (file_watch.ABSENCE if states[0] == "" else file_watch.QUIET)


async def test_a_change_that_is_reverted_before_it_is_reported_is_no_change(monkeypatch, path):
    states = iter(["new", "old", "old"])

    async def look():
        return next(states)

    async def stirrings(_path):
        yield

    monkeypatch.setattr(file_watch, "_events", stirrings)
    assert [state async for state in file_watch.settled_states(str(path), look, lambda: "old", frozenset())] == []
