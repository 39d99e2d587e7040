"""The cells of the table: figures, states in their colours, states over time, a sparkline."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rich.text import Text

from mcpstore.cli.top.fleet import BACK, Row
from mcpstore.monitoring.report.formatting import NOTHING, clean, memory, milliseconds
from mcpstore.monitoring.report.state_bands import worst

__all__ = ["COLOURS", "COLUMNS", "FIRST_FIGURE", "LAST_FIGURE", "Column", "band", "cells_of", "sparkline"]

BAND: Final = 20
"""Cells of the states over time."""
SPARK: Final = 16
"""Cells of the sparkline."""
LONGEST_NAME: Final = 24
BARS: Final = "▁▂▃▄▅▆▇█"

COLOURS: Final[Mapping[str, str]] = {  # as on the page of a report, by night
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
"""Title, width, and what stands in it for a service at a time."""


def cells_of(row: Row, now: float) -> list[Text]:
    """Return the cells of a service, one for each of `COLUMNS`."""
    return [make(row, now) for _, _, make in COLUMNS]


def band(row: Row, now: float, width: int = BAND) -> Text:
    """Return the states of the last minutes, the newest at the right; it moves on only when a cell is full."""
    size = BACK / width
    end = math.ceil(now / size) * size
    text = Text()
    for kind in worst(row.states, end - BACK, end, width):
        text.append("█" if kind else " ", style=COLOURS.get(kind or "", ""))
    return text


def sparkline(values: Sequence[float], width: int = SPARK) -> str:
    """Return the last values as bars, the longest as high as it gets."""
    shown = values[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return ""
    return "".join(BARS[min(int(value / top * len(BARS)), len(BARS) - 1)] for value in shown)


def _state(row: Row, _now: float) -> Text:
    kind = "stopped" if row.now["run_status"] in ("stopped", "not_started") else str(row.now["connection_state"])
    return Text(kind, style=COLOURS.get(kind, ""))


def _name(row: Row, _now: float) -> Text:
    return Text(clean(str(row.now["name"]), longest=LONGEST_NAME), style="bold")


def _figure(key: str, form: Callable[[float], str], warn: float = math.inf) -> Callable[[Row, float], Text]:
    def make(row: Row, _now: float) -> Text:
        value = row.now[key]
        if value is None:
            return Text(NOTHING, style="dim", justify="right")
        return Text(form(value), style=COLOURS["disconnected"] if value > warn else "", justify="right")

    return make


def _latency(row: Row, _now: float) -> Text:
    return Text(sparkline([took for _, took in row.durations]), style=COLOURS["initializing"])


def _rate(value: float) -> str:
    return NOTHING if not value else f"{value:.2f}" if value < 1 else f"{value:.1f}"


def _share(value: float) -> str:
    return f"{value:.0f} %" if value in (0, 100) else f"{min(value, 99.9):.1f} %"


COLUMNS: Final[Sequence[Column]] = (
    ("SERVICE", LONGEST_NAME, _name),
    ("STATE", 12, _state),
    ("LAST 10 MIN", BAND, band),
    ("ANSWER", 8, _figure("response_time", lambda ms: milliseconds(ms / 1000))),
    ("OK", 7, _figure("success", _share)),
    ("CALLS/S", 7, _figure("throughput", _rate)),
    ("P95", 8, _figure("p95", milliseconds)),
    ("ERRORS", 7, _figure("error_rate", lambda rate: _share(100 * rate), warn=0.1)),
    ("CPU", 7, _figure("cpu_percent", lambda share: f"{share:.1f} %")),
    ("MEMORY", 9, _figure("memory_bytes", memory)),
    ("LATENCY", SPARK, _latency),
)
FIRST_FIGURE: Final = 3
LAST_FIGURE: Final = 9
"""The columns that hold figures."""
