"""Watching a store: as a table that lives, or as lines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from mcpstore.cli import output
from mcpstore.models.service import ServiceConnectionState, ServiceSnapshot, ServiceStatus
from mcpstore.models.text import counted
from mcpstore.store import AsyncMCPStore

__all__ = ["watch"]

REFRESH: Final = 0.25
STILL_STARTING: Final = 5.0
"""Seconds between signs of life of a service whose start takes long, when lines are printed."""

FRAME: Final = 4
"""Lines of the table that lives which are no services: titles, the line below, the cursor."""

FEWEST: Final = 3
"""Services shown however low the window."""

URGENCY: Final = (
    ServiceStatus.ERROR,
    ServiceStatus.UNKNOWN,
    ServiceStatus.STARTING,
    ServiceStatus.STOPPING,
    ServiceStatus.RUNNING,
    ServiceStatus.STOPPED,
    ServiceStatus.NOT_STARTED,
)
"""Who is shown first where there is no room for all."""


async def watch(store: AsyncMCPStore, until: asyncio.Event, *, live: bool) -> None:
    """Show how the services of a store fare until somebody has seen enough.

    From then on every change of a state is printed, until the store is closed: people see what a stop waits for.

    Args:
        store: The store.
        until: Set when it is enough.
        live: Whether to show a table that lives; otherwise lines are printed.
    """
    if live:
        await _watch_live(store, until)
        store.on_state_change(_changed)  # the store ends this when it is closed, and not before everything is told
    else:
        store.on_state_change(_changed)
        await _watch_starts(store, until)


async def _watch_live(store: AsyncMCPStore, until: asyncio.Event) -> None:
    with Live(console=output.out, auto_refresh=False, transient=False) as screen:
        while not until.is_set():
            screen.update(await _picture(store), refresh=True)
            await _pause(until, REFRESH)
        screen.update(await _picture(store), refresh=True)


async def _picture(store: AsyncMCPStore) -> Group:
    services = await store.list_services()
    shown, hidden = _fitting(services, max(FEWEST, output.out.height - FRAME))
    rows = [{**service.to_dict(), "error": await _said(store, service)} for service in shown]
    well = sum(1 for service in services if service.run_status is ServiceStatus.RUNNING)
    tools = len(await store.list_tools())
    told = f"{well} of {len(services)} running, {counted(tools, 'tool')}; Ctrl-C stops everything; more: mcpstore top"
    more = [Text(f"and {hidden} more that are no worse", style="dim")] if hidden else []
    return Group(output.services_table(rows), *more, Text(told, style="dim", no_wrap=True, overflow="ellipsis"))


def _fitting(services: Sequence[ServiceSnapshot], room: int) -> tuple[list[ServiceSnapshot], int]:
    """Return the services that are shown, and how many are not; where there is no room for all, the worst are."""
    if len(services) <= room:
        return list(services), 0
    worst = sorted(services, key=lambda service: URGENCY.index(service.run_status))[: room - 1]
    return [service for service in services if service in worst], len(services) - len(worst)


def _changed(name: str, old: Any, new: Any, metadata: Any) -> None:
    why = f": {metadata.error_message}" if metadata.error_message and new != "healthy" else ""
    output.out.print(f"{datetime.now():%H:%M:%S} {escape(name)}: {old} → {new}{escape(why)}", soft_wrap=True)  # noqa: DTZ005


async def _watch_starts(store: AsyncMCPStore, until: asyncio.Event) -> None:
    """Print a sign of life, now and then, of services whose start takes long."""
    while not until.is_set():
        await _pause(until, STILL_STARTING)
        for service in await store.list_services():
            if service.connection_state is ServiceConnectionState.INITIALIZING and not until.is_set():
                said = await _said(store, service)
                output.out.print(f"{datetime.now():%H:%M:%S} {escape(service.name)}: {escape(said)}", soft_wrap=True)  # noqa: DTZ005


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
