"""How answers look on a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.segment import Segment
from rich.status import Status
from rich.table import Table
from rich.text import Text

from mcpstore.models.text import one_line, sanitized

__all__ = [
    "Harmless",
    "busy",
    "err",
    "fail",
    "fail_json",
    "json_text",
    "note",
    "out",
    "print_json",
    "print_text",
    "services_table",
    "state_text",
    "table",
]

_CONTROL: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What JSON lets through and terminals obey; it writes the other control characters as escapes anyway."""

GAP: Final = "  "
"""What stands between two columns."""


class Harmless(Console):
    """A console that prints nothing a terminal would obey but what it says itself; servers wrote much of the rest."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Return the pieces of what is to be printed, without commands."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text == "\n" or segment.text.isprintable():
                yield segment
            else:
                yield Segment(sanitized(segment.text), segment.style)

    def print(self, *objects: Any, soft_wrap: bool | None = None, **how: Any) -> None:
        """Print things; where nobody looks, lines are as long as they are."""
        super().print(*objects, soft_wrap=not self.is_terminal if soft_wrap is None else soft_wrap, **how)


class Rows(Table):
    """A table without frames; where nobody looks, each of its rows is one line, for `grep` and `awk`."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Return what is to be printed."""
        if console.is_terminal:
            yield from super().__rich_console__(console, options)
            return
        columns = [[one_line(str(cell)) for cell in (column.header, *column.cells)] for column in self.columns]
        widths = [*(max(map(cell_len, column)) for column in columns[:-1]), 0]
        for row in zip(*columns, strict=True):
            cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
            yield Text(GAP.join(cells).rstrip(), no_wrap=True, overflow="ignore")


out: Final = Harmless(highlight=False, soft_wrap=False)
err: Final = Harmless(stderr=True, highlight=False)

_COLOURS: Final = {
    "healthy": "green",
    "running": "green",
    "active": "green",
    "warning": "yellow",
    "initializing": "cyan",
    "starting": "cyan",
    "reconnecting": "yellow",
    "unhealthy": "red",
    "error": "red",
    "broken": "red",
    "conflict": "red",
    "muted": "red",
    "unknown": "magenta",
}


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    sys.stdout.write(json_text(value, indent=2) + "\n")


def json_text(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON in which nothing is left that a terminal would obey."""
    return _escaped(json.dumps(value, indent=indent, ensure_ascii=False))


def print_text(text: str) -> None:
    """Print a text made elsewhere, without what a terminal would obey; its line ends stay, and JSON its meaning."""
    sys.stdout.write(_escaped(text) if text.startswith("{") else "\r\n".join(map(sanitized, text.split("\r\n"))))


def _escaped(told: str) -> str:
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", told)


def note(text: str) -> None:
    """Say something beside the answer, where it does not get into anybody's pipe."""
    err.print(f"[dim]{escape(text)}[/]", soft_wrap=True)


def busy(text: str) -> Status:
    """Return what says on a terminal that something is under way, for as long as it is; elsewhere it says nothing."""
    return err.status(escape(text))


def fail(text: str) -> None:
    """Say what went wrong."""
    err.print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)


def fail_json(error: Mapping[str, Any]) -> None:
    """Say what went wrong, to a script: in one line, the last of stderr."""
    sys.stderr.write(json_text({"error": error}) + "\n")


def state_text(state: str) -> Text:
    """Return a state in its colour."""
    return Text(state, style=_COLOURS.get(state, "dim"))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table without frames; the last column takes the room that is left."""
    made = Rows(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        is_last = index == len(columns) - 1
        made.add_column(column, overflow="fold" if is_last else "ellipsis", no_wrap=not is_last)
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return made


def services_table(services: Iterable[Mapping[str, Any]]) -> Table:
    """Return the services of a store as a table."""
    return table(
        ("SERVICE", "STATUS", "CONNECTION", "TOOLS", "TRANSPORT", "WHAT"),
        (
            (
                service["name"],
                state_text(str(service["run_status"])),
                state_text(str(service["connection_state"])),
                str(service["tool_count"]),
                service["transport"],
                service["error"] or _what(service),
            )
            for service in services
        ),
    )


def _what(service: Mapping[str, Any]) -> str:
    if service["url"]:
        return str(service["url"])
    return " ".join([str(service["command"] or ""), *map(str, service["args"])]).strip()
