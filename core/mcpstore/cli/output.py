"""Output of the command line: text, tables and JSON, without terminal control sequences from servers."""

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
    "SafeConsole",
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
"""Control characters that `json.dumps` does not escape."""

COLUMN_GAP: Final = "  "
"""Space between two columns where the output is not a terminal."""


class SafeConsole(Console):
    """Console that removes control sequences from text; only its own styles reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield the segments of a renderable, without control sequences in their text."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text == "\n" or segment.text.isprintable():
                yield segment
            else:
                yield Segment(sanitized(segment.text), segment.style)

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        """Print objects; lines are wrapped only on a terminal."""
        super().print(*objects, soft_wrap=not self.is_terminal if soft_wrap is None else soft_wrap, **options)


class PlainTable(Table):
    """Table without borders; if the output is not a terminal, each row is one line, for `grep` and `awk`."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table for a terminal, or one line for each row."""
        if console.is_terminal:
            yield from super().__rich_console__(console, options)
            return
        columns = [[one_line(str(cell)) for cell in (column.header, *column.cells)] for column in self.columns]
        widths = [*(max(map(cell_len, column)) for column in columns[:-1]), 0]
        for row in zip(*columns, strict=True):
            cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
            yield Text(COLUMN_GAP.join(cells).rstrip(), no_wrap=True, overflow="ignore")


out: Final = SafeConsole(highlight=False, soft_wrap=False)
err: Final = SafeConsole(stderr=True, highlight=False)

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
    """Return a value as JSON in which control characters are escaped."""
    return _escape_controls(json.dumps(value, indent=indent, ensure_ascii=False))


def print_text(text: str) -> None:
    """Print a finished text without control sequences; line ends are kept, and JSON stays equivalent."""
    is_json = text.startswith("{")
    sys.stdout.write(_escape_controls(text) if is_json else "\r\n".join(map(sanitized, text.split("\r\n"))))


def _escape_controls(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def note(text: str) -> None:
    """Print a remark on stderr, so that it does not mix with the answer on stdout."""
    err.print(f"[dim]{escape(text)}[/]", soft_wrap=True)


def busy(text: str) -> Status:
    """Return a context manager that shows a spinner on a terminal."""
    return err.status(escape(text))


def fail(text: str) -> None:
    """Print an error message on stderr."""
    err.print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)


def fail_json(error: Mapping[str, Any]) -> None:
    """Print an error for scripts: one line of JSON, the last line on stderr."""
    sys.stderr.write(json_text({"error": error}) + "\n")


def state_text(state: str) -> Text:
    """Return a state or level in its colour."""
    return Text(state, style=_COLOURS.get(state, "dim"))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table without borders; the last column takes the remaining width."""
    plain = PlainTable(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        is_last = index == len(columns) - 1
        plain.add_column(column, overflow="fold" if is_last else "ellipsis", no_wrap=not is_last)
    for row in rows:
        plain.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return plain


def services_table(services: Iterable[Mapping[str, Any]]) -> Table:
    """Return the services of a store as a table."""
    return table(
        ("SERVICE", "STATUS", "CONNECTION", "TOOLS", "TRANSPORT", "DETAIL"),
        (
            (
                service["name"],
                state_text(str(service["run_status"])),
                state_text(str(service["connection_state"])),
                str(service["tool_count"]),
                service["transport"],
                service["error"] or _command_or_url(service),
            )
            for service in services
        ),
    )


def _command_or_url(service: Mapping[str, Any]) -> str:
    if service["url"]:
        return str(service["url"])
    return " ".join([str(service["command"] or ""), *map(str, service["args"])]).strip()
