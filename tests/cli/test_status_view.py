"""The table that `mcpstore up` shows."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from mcpstore import AsyncMCPStore
from mcpstore.cli import output, status_view
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer


@pytest.fixture
def screen(monkeypatch):
    console = Console(file=io.StringIO(), width=100, height=12, force_terminal=True, color_system=None)
    monkeypatch.setattr(output, "out", console)
    return console


def fleet(count: int, ill: str) -> AsyncMCPStore:
    names = [f"s{number}" for number in range(count)]
    plugin = ScriptedPlugin(**{name: ScriptedServer(name) for name in names})
    plugin.servers[ill].open_error = RuntimeError("no such luck")
    entries = {name: {"transport": {"type": "scripted", "server": name}} for name in names}
    return AsyncMCPStore({"mcpServers": entries}, plugins={"scripted": plugin})


async def shown(store: AsyncMCPStore, screen: Console) -> str:
    await asyncio.gather(
        *(store.wait_service(s.name, "running", timeout=5) for s in await store.list_services() if s.name != ILL)
    )
    await store.wait_service(ILL, "error", timeout=60)
    screen.print(await status_view._render(store))
    return screen.file.getvalue()


ILL = "s1"


async def test_a_fleet_that_fits_is_shown_in_the_order_of_the_configuration(screen):
    async with fleet(3, ILL) as store:
        text = await shown(store, screen)
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ["s0", "s1", "s2"]
    assert "2 of 3 running, 2 tools" in text


async def test_of_a_large_fleet_the_worst_services_are_shown_and_the_others_are_counted(screen):
    async with fleet(40, ILL) as store:
        text = await shown(store, screen)
    lines = text.splitlines()
    assert len(lines) <= screen.height
    assert any(line.startswith(ILL + " ") and "error" in line for line in lines)
    assert "and 33 more in no worse status" in text


async def test_after_the_table_every_change_is_printed_until_the_store_is_closed(screen):
    async with fleet(2, ILL) as store:
        await store.wait_service("s0", timeout=60)
        enough = asyncio.Event()
        enough.set()
        await status_view.watch(store, enough, live=True)
        assert "s0: healthy → disconnected" not in screen.file.getvalue()
    assert "s0: healthy → disconnected" in screen.file.getvalue()
