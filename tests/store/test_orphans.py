"""Who ends what a killed manager left, and when."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.errors import CloseFailed
from mcpstore.hooks import Orphans, OwnershipRecord, Transport, hookimpl
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.store.state_dir import StateDir
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer


class Plugin:
    """A transport that records what it is asked to reap, and when."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.seen: list[tuple[Orphans, int]] = []
        self.error: Exception | None = None

    async def reap(self, lost: Orphans) -> Sequence[str]:
        self.seen.append((lost, self.server.opened))
        if self.error is not None:
            raise self.error
        return [trace.service for trace in lost.records]

    @hookimpl
    def mcpstore_transports(self) -> list[Transport[Any]]:
        [scripted] = ScriptedPlugin().mcpstore_transports()
        return [Transport(name="reaping", config=scripted.config, connect=scripted.connect, reap=self.reap)]


@pytest.fixture
def plugin() -> Plugin:
    return Plugin(ScriptedServer("web"))


def store(folder: Path, plugin: Plugin, **options: Any) -> AsyncMCPStore:
    scripted = ScriptedPlugin()
    scripted.servers = {"web": plugin.server}
    config = folder / "mcp.json"
    config.write_text('{"mcpServers": {"web": {"transport": {"type": "scripted", "server": "web"}}}}')
    plugins = {"scripted": scripted, "reaping": plugin}
    return AsyncMCPStore(config, state_dir=folder / "state", plugins=plugins, **options)


def leave(folder: Path, number: int = 2**22) -> str:
    """Record the resources of a manager that has exited."""
    state = StateDir(folder / "state")
    state.open()
    marker = f"{state.home}.{number}.1.web.0123456789ab"
    OwnershipLog(state.home, state.traces).write(OwnershipRecord(owner_tag=marker, service="web"))
    state.close()
    return marker


def records(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "state" / "traces").glob("*.json"))


async def test_orphans_are_ended_before_anything_is_opened(tmp_path: Path, plugin: Plugin, caplog: Any):
    marker = leave(tmp_path)
    async with store(tmp_path, plugin) as opened:
        assert await opened.start_service("web", 30)
        [(lost, opens)] = plugin.seen
        assert opens == 0
        assert [trace.owner_tag for trace in lost.records] == [marker]
        assert lost.is_orphaned(marker)
        assert records(tmp_path) == []
    assert "ended what a killed manager left behind: web" in caplog.text


async def test_neither_a_second_store_nor_one_opened_for_one_command_ends_orphans(tmp_path: Path, plugin: Plugin):
    async with store(tmp_path, plugin):
        plugin.seen.clear()
        async with store(tmp_path, plugin), store(tmp_path, plugin, start=False):
            pass
        assert plugin.seen == []
    async with store(tmp_path, plugin, start=False):
        assert plugin.seen == []


async def test_a_store_without_a_state_directory_ends_no_orphans(plugin: Plugin):
    async with AsyncMCPStore({"mcpServers": {}}, plugins={"reaping": plugin}):
        assert plugin.seen == []


@pytest.mark.parametrize(
    ("error", "message"),
    [(CloseFailed("pid 7 survived", [7], None), "pid 7 survived"), (ValueError("oops"), "oops")],  # type: ignore[arg-type]
)
async def test_orphans_that_cannot_be_ended_are_reported_and_left_to_the_next_manager(
    tmp_path: Path, plugin: Plugin, error: Exception, message: str, caplog: pytest.LogCaptureFixture
):
    marker = leave(tmp_path)
    plugin.error = error
    with caplog.at_level(logging.WARNING):
        async with store(tmp_path, plugin) as opened:
            assert len(await opened.list_services()) == 1
    assert message in caplog.text
    assert records(tmp_path) == [marker]
    plugin.error = None
    async with store(tmp_path, plugin):
        assert records(tmp_path) == []


def test_links_to_a_state_directory_are_the_same_directory(tmp_path: Path):
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("state")
    assert StateDir(tmp_path / "state").home == StateDir(tmp_path / "link").home != StateDir(tmp_path / "other").home
