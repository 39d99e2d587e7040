"""Alerts on the terminal: one line each, on stderr, in the colour of how bad it is."""

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
_OVER: Final = "\x1b[32m"


class ConsoleSettings(BaseModel):
    """How alerts are shown.

    Attributes:
        color: Whether in colour; None for where a terminal shows it and nobody has set `NO_COLOR`.
        per_minute: Lines within a minute; of more, only their number is told.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    color: bool | None = None
    per_minute: int = Field(default=30, ge=1)


class Console:
    """A terminal, and how much was lately written on it.

    Args:
        stream: Where to write; stderr, as it is at that time, if it is None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._written: deque[float] = deque()
        self._left_out = 0

    async def send(self, alert: Alert, settings: ConsoleSettings) -> None:
        """Write an alert."""
        stream = self._stream or sys.stderr
        while self._written and alert.timestamp - self._written[0] >= MINUTE:
            self._written.popleft()
        if len(self._written) >= settings.per_minute:
            self._left_out += 1
            return
        lines: list[str] = []
        if self._left_out:
            lines.append(f"mcpstore: {self._left_out} more alerts were not shown; see: mcpstore alerts history")
            self._left_out = 0
        self._written.append(alert.timestamp)
        color = settings.color
        if color is None:
            color = stream.isatty() and not os.environ.get("NO_COLOR")
        lines.append(line(alert, color=color))
        stream.write("".join(f"{text}\n" for text in lines))
        stream.flush()


def line(alert: Alert, *, color: bool) -> str:
    """Return an alert as it is shown; what came from services cannot steer the terminal."""
    is_over = alert.kind is AlertKind.RESOLVED
    word = "RESOLVED" if is_over else alert.level.value.upper()
    message = "".join(letter for letter in alert.message if letter.isprintable() or letter == "\n")
    when = datetime.fromtimestamp(alert.timestamp)  # noqa: DTZ006 - local time, for the person who reads it
    head, _, rest = message.partition("\n")
    about = f"{alert.service}: " if alert.service and alert.service not in head else ""
    shown = f"{when:%H:%M:%S} {word:<8} {about}{head}"
    if color:
        shown = f"{_OVER if is_over else _COLOURS[alert.level]}{shown}{RESET}"
    return shown + "".join(f"\n  {more}" for more in rest.splitlines())


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[ConsoleSettings]]:
    """Offer the channel."""
    yield AlertHandler(name="console", config=ConsoleSettings, send=Console().send)
