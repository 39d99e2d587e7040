"""View of the demonstration: a live panel on a terminal, lines elsewhere."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mcpstore.demo.timeline import COLOURS, Timeline, legend
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceSnapshot

__all__ = ["DemoView"]

NON_EVENT_LINES: Final = 10
"""Lines of the panel that show no event: frame, table, legend."""

MIN_EVENT_LINES: Final = 6
BAR_WIDTH: Final = 34


class DemoView:
    """The panel: services with their states over time on top, events below.

    Args:
        console: Console for the output.
        live: Whether the panel is shown live; if not, each event is printed as a line.
        roles: Behaviour of each service, in a few words.
    """

    def __init__(self, console: Console, *, live: bool, roles: Mapping[str, str]) -> None:
        self._console = console
        self._live = live
        self._roles = roles
        self._lines: deque[Text] = deque(maxlen=max(MIN_EVENT_LINES, console.height - NON_EVENT_LINES))
        self._started = asyncio.get_running_loop().time()
        self.timelines: dict[str, Timeline] = {name: Timeline() for name in roles}

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return asyncio.get_running_loop().time() - self._started

    def log(self, text: str, style: str = "") -> None:
        """Show an event."""
        line = Text.assemble((f"{self.now:5.1f} s  ", "dim"), (text, style), no_wrap=True, overflow="ellipsis")
        self._lines.append(line)
        if not self._live:
            self._console.print(line, soft_wrap=True)

    def state_changed(self, name: str, old: ServiceConnectionState, new: ServiceConnectionState, metadata: Any) -> None:
        """Show a change of a service's state."""
        self.timelines[name].add(self.now, new)
        tells_why = new in (ServiceConnectionState.UNHEALTHY, ServiceConnectionState.WARNING)
        why = f"  ({metadata.error_message})" if metadata.error_message and tells_why else ""
        self.log(f"{name}: {old} → {new}{why}", COLOURS[new])

    def render(self, services: NamedList[ServiceSnapshot]) -> Panel:
        """Return the panel as of now."""
        table = Table(box=None, pad_edge=False, expand=True, header_style="bold")
        for title, ratio in (("SERVICE", None), ("STATUS", None), ("CONNECTION", None), ("STATES OVER TIME", 1)):
            table.add_column(title, ratio=ratio, no_wrap=True)
        for service in services:
            state = service.connection_state
            table.add_row(
                Text.assemble((service.name, "bold"), ("  " + self._roles[service.name], "dim")),
                Text(str(service.run_status), style=COLOURS[state]),
                Text(str(state), style=COLOURS[state]),
                self.timelines[service.name].bar(max(self.now, 1.0), BAR_WIDTH),
            )
        body = Group(table, legend(), Text(), *self._lines)
        return Panel(body, title="mcpstore demo", subtitle=f"{self.now:.0f} s", border_style="blue")
