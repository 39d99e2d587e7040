"""Cells of the table in `mcpstore top`: numbers, states in their colours, states over time, a sparkline."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rich.text import Text

from mcpstore.cli.top.fleet import HISTORY_LENGTH, Row
from mcpstore.monitoring.report.formatting import NO_VALUE, clean, memory, milliseconds
from mcpstore.monitoring.report.state_bands import worst

__all__ = [
    "COLOURS",
    "COLUMNS",
    "FIRST_NUMBER_COLUMN",
    "LAST_NUMBER_COLUMN",
    "Column",
    "cells_of",
    "sparkline",
    "state_band",
]

BAND_WIDTH: Final = 20
"""Width of the states over time, in terminal cells."""
SPARKLINE_WIDTH: Final = 16
"""Width of the sparkline, in terminal cells."""
NAME_WIDTH: Final = 24
BARS: Final = "▁▂▃▄▅▆▇█"

COLOURS: Final[Mapping[str, str]] = {  # as in the HTML report with a dark background
    "healthy": "#35a468",
    "initializing": "#5f9bf2",
    "stopped": "#8b95a1",
    "warning": "#d9a521",
    "unknown": "#46adbf",
    "unhealthy": "#e57b3c",
    "reconnecting": "#9a78f2",
    "disconnected": "#e05263",
}

Column = tuple[str, int, Callable[[Row, float], Text]]
"""Title, width in terminal cells, and a function that returns the cell of a service at a time."""


def cells_of(row: Row, now: float) -> list[Text]:
    """Return the cells of a service, one for each of `COLUMNS`."""
    return [make(row, now) for _, _, make in COLUMNS]


def state_band(row: Row, now: float, width: int = BAND_WIDTH) -> Text:
    """Return the states over `HISTORY_LENGTH`, newest at the right; the band moves only when a new cell begins."""
    size = HISTORY_LENGTH / width
    end = math.ceil(now / size) * size
    text = Text()
    for kind in worst(row.states, end - HISTORY_LENGTH, end, width):
        text.append("█" if kind else " ", style=COLOURS.get(kind or "", ""))
    return text


def sparkline(values: Sequence[float], width: int = SPARKLINE_WIDTH) -> str:
    """Return the last values as bars, scaled to the largest of them."""
    shown = values[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return ""
    return "".join(BARS[min(int(value / top * len(BARS)), len(BARS) - 1)] for value in shown)


def _state(row: Row, _now: float) -> Text:
    kind = "stopped" if row.now["run_status"] in ("stopped", "not_started") else str(row.now["connection_state"])
    return Text(kind, style=COLOURS.get(kind, ""))


def _name(row: Row, _now: float) -> Text:
    return Text(clean(str(row.now["name"]), longest=NAME_WIDTH), style="bold")


def _number(key: str, text_of: Callable[[float], str], warn: float = math.inf) -> Callable[[Row, float], Text]:
    def make(row: Row, _now: float) -> Text:
        value = row.now[key]
        if value is None:
            return Text(NO_VALUE, style="dim", justify="right")
        return Text(text_of(value), style=COLOURS["disconnected"] if value > warn else "", justify="right")

    return make


def _latency(row: Row, _now: float) -> Text:
    return Text(sparkline([seconds for _, seconds in row.durations]), style=COLOURS["initializing"])


def _rate(value: float) -> str:
    return NO_VALUE if not value else f"{value:.2f}" if value < 1 else f"{value:.1f}"


def _share(value: float) -> str:
    return f"{value:.0f} %" if value in (0, 100) else f"{min(value, 99.9):.1f} %"


COLUMNS: Final[Sequence[Column]] = (
    ("SERVICE", NAME_WIDTH, _name),
    ("CONNECTION", 12, _state),
    ("LAST 10 MIN", BAND_WIDTH, state_band),
    ("RESPONSE", 8, _number("response_time", milliseconds)),
    ("SUCCESS", 7, _number("success", _share)),
    ("CALLS/S", 7, _number("throughput", _rate)),
    ("P95", 8, _number("p95", milliseconds)),
    ("ERRORS", 7, _number("error_rate", lambda rate: _share(100 * rate), warn=0.1)),
    ("CPU", 7, _number("cpu_percent", lambda share: f"{share:.1f} %")),
    ("MEMORY", 9, _number("memory_bytes", memory)),
    ("LATENCY", SPARKLINE_WIDTH, _latency),
)
FIRST_NUMBER_COLUMN: Final = 3
LAST_NUMBER_COLUMN: Final = 9
"""Index of the first and of the last column with numbers."""
