"""The picture of `mcpstore top`: its screen near the end of the simulated day."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from _pictures.fleet import TOOLS, play

from mcpstore import AsyncMCPStore
from mcpstore.cli.top.app import Top
from mcpstore.store.commands import CommandHandler

SIZE = (156, 24)
CHOSEN = "search"
STDERR = ("search-mcp 2.4.1 starting", "Error: SEARCH_API_KEY must be set")


class Recording:
    """Returns recorded responses of a manager."""

    is_manager = True

    def __init__(self, answers: dict[tuple[str, str], Any]) -> None:
        self._answers = answers

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Return the recorded response."""
        return self._answers[verb, arguments.get("name") or arguments.get("service") or ""]

    async def act(self, verb: str, **arguments: Any) -> Any:
        """Return the recorded response."""
        return await self.ask(verb, **arguments)


async def _record(store: AsyncMCPStore) -> dict[tuple[str, str], Any]:
    handler = CommandHandler(store)
    overview = await handler.answer("overview", {"back": timedelta(minutes=10).total_seconds()})
    answers: dict[tuple[str, str], Any] = {("overview", ""): {**overview, "location": "~/.config/mcpstore/mcp.json"}}
    for name in TOOLS:
        answers["diagnose", name] = await handler.answer("diagnose", {"name": name})
        answers["tools", name] = await handler.answer("tools", {"service": name})
        answers["logs", name] = [{"text": line} for line in STDERR] if name == CHOSEN else []
    return answers


async def _photograph(answers: dict[tuple[str, str], Any]) -> str:
    app = Top(Recording(answers), interval=None)
    async with app.run_test(size=SIZE) as pilot:
        await app.update_services()
        await pilot.press(*["down"] * list(TOOLS).index(CHOSEN))
        await app.workers.wait_for_complete()
        await pilot.pause()
        return app.export_screenshot(title="$ mcpstore top")


def screen() -> str:
    """Return the picture as SVG."""
    return asyncio.run(_photograph(play(_record, hours=17.32)))
