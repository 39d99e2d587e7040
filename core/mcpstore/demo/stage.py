"""What is seen of the demonstration while it runs."""

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

__all__ = ["Stage"]

FRAME_LINES: Final = 10
"""Lines of the picture that are not news: frame, table, legend."""

FEWEST_NEWS: Final = 6
BAR: Final = 34


class Stage:
    """The picture: services and their lives on top, what happens below.

    Args:
        console: Where it is shown.
        live: Whether the picture lives; otherwise what happens is printed line by line.
        roles: What each service is there to show.
    """

    def __init__(self, console: Console, *, live: bool, roles: Mapping[str, str]) -> None:
        self._console = console
        self._live = live
        self._roles = roles
        self._said: deque[Text] = deque(maxlen=max(FEWEST_NEWS, console.height - FRAME_LINES))
        self._began = asyncio.get_running_loop().time()
        self.timelines: dict[str, Timeline] = {name: Timeline() for name in roles}

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time() - self._began

    def say(self, text: str, style: str = "") -> None:
        """Tell what happens."""
        line = Text.assemble((f"{self.now:5.1f} s  ", "dim"), (text, style), no_wrap=True, overflow="ellipsis")
        self._said.append(line)
        if not self._live:
            self._console.print(line, soft_wrap=True)

    def changed(self, name: str, old: ServiceConnectionState, new: ServiceConnectionState, metadata: Any) -> None:
        """Show that a service changed its state."""
        self.timelines[name].add(self.now, new)
        tells_why = new in (ServiceConnectionState.UNHEALTHY, ServiceConnectionState.WARNING)
        why = f"  ({metadata.error_message})" if metadata.error_message and tells_why else ""
        self.say(f"{name}: {old} → {new}{why}", COLOURS[new])

    def picture(self, services: NamedList[ServiceSnapshot]) -> Panel:
        """Return what is to be seen now."""
        table = Table(box=None, pad_edge=False, expand=True, header_style="bold")
        for title, ratio in (("service", None), ("status", None), ("connection", None), ("its life so far", 1)):
            table.add_column(title, ratio=ratio, no_wrap=True)
        for service in services:
            state = service.connection_state
            table.add_row(
                Text.assemble((service.name, "bold"), ("  " + self._roles[service.name], "dim")),
                Text(str(service.run_status), style=COLOURS[state]),
                Text(str(state), style=COLOURS[state]),
                self.timelines[service.name].bar(max(self.now, 1.0), BAR),
            )
        body = Group(table, legend(), Text(), *self._said)
        return Panel(body, title="mcpstore demo", subtitle=f"{self.now:.0f} s", border_style="blue")
