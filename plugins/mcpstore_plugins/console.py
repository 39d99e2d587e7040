"""Alert handler `console`: prints each alert on stderr, as one line in the colour of its level."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final, TextIO

from pydantic import BaseModel, ConfigDict, Field

from mcpstore.hooks import AlertHandler, hookimpl
from mcpstore.models.alert import Alert, AlertKind, AlertLevel

__all__ = ["ConsoleSettings", "mcpstore_alert_handlers"]

MINUTE: Final = 60.0
RESET: Final = "\x1b[0m"

_COLOURS: Final = {
    AlertLevel.INFO: "\x1b[36m",
    AlertLevel.WARNING: "\x1b[33m",
    AlertLevel.ERROR: "\x1b[31m",
    AlertLevel.CRITICAL: "\x1b[1;31m",
}
_RESOLVED_COLOUR: Final = "\x1b[32m"


class ConsoleSettings(BaseModel):
    """Settings of the handler `console`.

    Attributes:
        color: Whether to print in colour; None prints in colour on a terminal, unless `NO_COLOR` is set.
        per_minute: Most lines printed in a minute; of further alerts, only the number is printed.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    color: bool | None = None
    per_minute: int = Field(default=30, ge=1)


class Console:
    """Prints alerts, with a limit per minute.

    Args:
        stream: Stream to print on; None for the current stderr.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._written: deque[float] = deque()
        self._suppressed = 0

    async def send(self, alert: Alert, settings: ConsoleSettings) -> None:
        """Print an alert."""
        stream = self._stream or sys.stderr
        while self._written and alert.timestamp - self._written[0] >= MINUTE:
            self._written.popleft()
        if len(self._written) >= settings.per_minute:
            self._suppressed += 1
            return
        lines: list[str] = []
        if self._suppressed:
            lines.append(f"mcpstore: {self._suppressed} more alerts were not shown; see: mcpstore alerts history")
            self._suppressed = 0
        self._written.append(alert.timestamp)
        color = settings.color
        if color is None:
            color = stream.isatty() and not os.environ.get("NO_COLOR")
        lines.append(line(alert, color=color))
        stream.write("".join(f"{text}\n" for text in lines))
        stream.flush()


def line(alert: Alert, *, color: bool) -> str:
    """Return an alert as text, without control characters."""
    is_resolved = alert.kind is AlertKind.RESOLVED
    word = "RESOLVED" if is_resolved else alert.level.value.upper()
    message = "".join(letter for letter in alert.message if letter.isprintable() or letter == "\n")
    when = datetime.fromtimestamp(alert.timestamp)  # noqa: DTZ006 - shown in local time
    head, _, rest = message.partition("\n")
    about = f"{alert.service}: " if alert.service and alert.service not in head else ""
    shown = f"{when:%H:%M:%S} {word:<8} {about}{head}"
    if color:
        shown = f"{_RESOLVED_COLOUR if is_resolved else _COLOURS[alert.level]}{shown}{RESET}"
    return shown + "".join(f"\n  {more}" for more in rest.splitlines())


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[ConsoleSettings]]:
    """Return the handler `console`."""
    yield AlertHandler(name="console", config=ConsoleSettings, send=Console().send)
