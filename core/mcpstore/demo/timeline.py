"""States of a service over time, as a coloured bar."""

from __future__ import annotations

from typing import Final

import attrs
from rich.text import Text

from mcpstore.models.service import ServiceConnectionState

__all__ = ["COLOURS", "Timeline", "legend"]

COLOURS: Final = {
    ServiceConnectionState.INITIALIZING: "cyan",
    ServiceConnectionState.HEALTHY: "green",
    ServiceConnectionState.WARNING: "yellow",
    ServiceConnectionState.UNHEALTHY: "red",
    ServiceConnectionState.RECONNECTING: "magenta",
    ServiceConnectionState.UNKNOWN: "blue",
    ServiceConnectionState.DISCONNECTED: "bright_black",
}


@attrs.define
class Timeline:
    """The states of one service over time.

    Attributes:
        changes: Time and new state of each change, in seconds since the start of the demonstration.
    """

    changes: list[tuple[float, ServiceConnectionState]] = attrs.field(
        factory=list[tuple[float, ServiceConnectionState]]
    )

    def add(self, when: float, state: ServiceConnectionState) -> None:
        """Record that the service entered a state."""
        self.changes.append((when, state))

    def at(self, when: float) -> ServiceConnectionState:
        """Return the state of the service at a time."""
        state = ServiceConnectionState.DISCONNECTED
        for entered, new in self.changes:
            if entered > when:
                break
            state = new
        return state

    def share(self, until: float, *states: ServiceConnectionState) -> float:
        """Return the share of time in some states, from the first change until a time, between 0 and 1."""
        if not self.changes:
            return 0.0
        ends = [*(when for when, _ in self.changes[1:]), until]
        spent = sum(end - when for (when, state), end in zip(self.changes, ends, strict=True) if state in states)
        return spent / max(until - self.changes[0][0], 1e-9)

    def bar(self, until: float, width: int) -> Text:
        """Return a bar from 0 until a time; a state shorter than a cell still shows, unless it is healthy."""
        text = Text()
        for cell in range(width):
            begin, end = until * cell / width, until * (cell + 1) / width
            brief = [state for when, state in self.changes if begin <= when < end]
            bad = [state for state in brief if state is not ServiceConnectionState.HEALTHY]
            text.append("█", style=COLOURS[(bad or brief or [self.at(begin)])[0]])
        return text


def legend() -> Text:
    """Return the legend: the colour of each state."""
    text = Text()
    for state, colour in COLOURS.items():
        text.append("█ ", style=colour)
        text.append(f"{state.value}  ", style="dim")
    return text
