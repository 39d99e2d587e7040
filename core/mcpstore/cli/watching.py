"""Watching a store: as a table that lives, or as lines."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from mcpstore.cli import show
from mcpstore.core.models.service import ServiceConnectionState, ServiceSnapshot, ServiceStatus
from mcpstore.store import AsyncMCPStore

__all__ = ["watch"]

REFRESH: Final = 0.25
STILL_STARTING: Final = 5.0
"""Seconds between signs of life of a service whose start takes long, when lines are printed."""


async def watch(store: AsyncMCPStore, until: asyncio.Event, *, live: bool) -> None:
    """Show how the services of a store fare until somebody has seen enough.

    Args:
        store: The store.
        until: Set when it is enough.
        live: Whether to show a table that lives; otherwise lines are printed.
    """
    if live:
        await _watch_live(store, until)
    else:
        await _watch_lines(store, until)


async def _watch_live(store: AsyncMCPStore, until: asyncio.Event) -> None:
    with Live(console=show.out, auto_refresh=False, transient=False) as screen:
        while not until.is_set():
            screen.update(await _picture(store), refresh=True)
            await _pause(until, REFRESH)
        screen.update(await _picture(store), refresh=True)


async def _picture(store: AsyncMCPStore) -> Group:
    services = await store.list_services()
    shown = [{**service.to_dict(), "error": await _said(store, service)} for service in services]
    well = sum(1 for service in services if service.run_status is ServiceStatus.RUNNING)
    tools = len(await store.list_tools())
    footer = Text(f"{well} of {len(services)} running, {tools} tools; Ctrl-C stops everything", style="dim")
    return Group(show.services_table(shown), footer)


async def _watch_lines(store: AsyncMCPStore, until: asyncio.Event) -> None:
    def changed(name: str, old: Any, new: Any, metadata: Any) -> None:
        why = f": {metadata.error_message}" if metadata.error_message and new != "healthy" else ""
        show.out.print(f"{datetime.now():%H:%M:%S} {escape(name)}: {old} → {new}{escape(why)}", soft_wrap=True)  # noqa: DTZ005

    handle = store.on_state_change(changed)
    try:
        while not until.is_set():
            await _pause(until, STILL_STARTING)
            for service in await store.list_services():
                if service.connection_state is ServiceConnectionState.INITIALIZING and not until.is_set():
                    said = await _said(store, service)
                    show.out.print(f"{datetime.now():%H:%M:%S} {escape(service.name)}: {escape(said)}", soft_wrap=True)  # noqa: DTZ005
    finally:
        handle.cancel()


async def _said(store: AsyncMCPStore, service: ServiceSnapshot) -> str:
    """Return what there is to say about a service: while it starts, how long and what it said last."""
    if service.connection_state is not ServiceConnectionState.INITIALIZING:
        return service.error or ""
    info = await store.get_service_info(service.name)
    entered = info.state_metadata.state_entered_time if info else None
    waited = f"{(datetime.now() - entered).total_seconds():.0f} s" if entered else ""  # noqa: DTZ005 - as entered is
    lines = await store.get_service_logs(service.name, 1)
    return " ".join(filter(None, ("starting", waited, lines[0].text if lines else "")))


async def _pause(until: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await until.wait()
    except TimeoutError:
        pass
