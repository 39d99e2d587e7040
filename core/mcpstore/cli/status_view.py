"""The live view of `mcpstore up`: a table on a terminal, lines elsewhere."""

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
"""Time between two refreshes of the table, in seconds."""
START_PROGRESS_INTERVAL: Final = 5.0
"""Time between two progress lines for a service that is still starting, in seconds."""

EXTRA_LINES: Final = 4
"""Lines of the live table that show no service: the header, the summary, the cursor."""

MIN_SHOWN: Final = 3
"""Least number of services shown, even if the window is lower."""

SEVERITY_ORDER: Final = (
    ServiceStatus.ERROR,
    ServiceStatus.UNKNOWN,
    ServiceStatus.STARTING,
    ServiceStatus.STOPPING,
    ServiceStatus.RUNNING,
    ServiceStatus.STOPPED,
    ServiceStatus.NOT_STARTED,
)
"""Statuses, worst first; the worst services are shown if there is no room for all."""


async def watch(store: AsyncMCPStore, until: asyncio.Event, *, live: bool) -> None:
    """Show the services of a store until a stop is requested.

    From then on every change of a state is printed until the store is closed, so that users see what a stop waits for.

    Args:
        store: The store.
        until: Set when a stop is requested.
        live: Whether to show a live table; if not, lines are printed.
    """
    if live:
        await _watch_live(store, until)
        store.on_state_change(_print_change)  # the store ends the subscription, after its last change
    else:
        store.on_state_change(_print_change)
        await _print_slow_starts(store, until)


async def _watch_live(store: AsyncMCPStore, until: asyncio.Event) -> None:
    with Live(console=output.out, auto_refresh=False, transient=False) as screen:
        while not until.is_set():
            screen.update(await _render(store), refresh=True)
            await _pause(until, REFRESH)
        screen.update(await _render(store), refresh=True)


async def _render(store: AsyncMCPStore) -> Group:
    services = await store.list_services()
    shown, hidden = _select_shown(services, max(MIN_SHOWN, output.out.height - EXTRA_LINES))
    rows = [{**service.to_dict(), "error": await _detail(store, service)} for service in shown]
    running = sum(1 for service in services if service.run_status is ServiceStatus.RUNNING)
    tools = len(await store.list_tools())
    summary = f"{running} of {len(services)} running, {counted(tools, 'tool')}; Ctrl-C to stop; details: mcpstore top"
    more = [Text(f"and {hidden} more in no worse status", style="dim")] if hidden else []
    return Group(output.services_table(rows), *more, Text(summary, style="dim", no_wrap=True, overflow="ellipsis"))


def _select_shown(services: Sequence[ServiceSnapshot], room: int) -> tuple[list[ServiceSnapshot], int]:
    """Return the services to show and the number of hidden ones; if there is no room for all, the worst are shown."""
    if len(services) <= room:
        return list(services), 0
    worst = sorted(services, key=lambda service: SEVERITY_ORDER.index(service.run_status))[: room - 1]
    return [service for service in services if service in worst], len(services) - len(worst)


def _print_change(name: str, old: Any, new: Any, metadata: Any) -> None:
    why = f": {metadata.error_message}" if metadata.error_message and new != "healthy" else ""
    output.out.print(f"{datetime.now():%H:%M:%S} {escape(name)}: {old} → {new}{escape(why)}", soft_wrap=True)  # noqa: DTZ005


async def _print_slow_starts(store: AsyncMCPStore, until: asyncio.Event) -> None:
    """Print a progress line at intervals for each service that is still starting."""
    while not until.is_set():
        await _pause(until, START_PROGRESS_INTERVAL)
        for service in await store.list_services():
            if service.connection_state is ServiceConnectionState.INITIALIZING and not until.is_set():
                detail = await _detail(store, service)
                output.out.print(f"{datetime.now():%H:%M:%S} {escape(service.name)}: {escape(detail)}", soft_wrap=True)  # noqa: DTZ005


async def _detail(store: AsyncMCPStore, service: ServiceSnapshot) -> str:
    """Return the error of a service; while it starts, the time so far and its last line on stderr."""
    if service.connection_state is not ServiceConnectionState.INITIALIZING:
        return service.error or ""
    info = await store.get_service_info(service.name)
    entered = info.state_metadata.state_entered_time if info else None
    waited = f"{(datetime.now() - entered).total_seconds():.0f} s" if entered else ""  # noqa: DTZ005 - `entered` is naive as well
    lines = await store.get_service_logs(service.name, 1)
    return " ".join(filter(None, ("starting", waited, lines[0].text if lines else "")))


async def _pause(until: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await until.wait()
    except TimeoutError:
        pass
