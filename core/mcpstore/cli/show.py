"""How answers look on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

__all__ = ["counted", "err", "fail", "note", "out", "print_json", "services_table", "state_text", "table"]

out: Final = Console(highlight=False, soft_wrap=False)
err: Final = Console(stderr=True, highlight=False)

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
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def counted(number: int, noun: str) -> str:
    """Return a number of things: "1 service", "2 services"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def note(text: str) -> None:
    """Say something beside the answer, where it does not get into anybody's pipe."""
    err.print(f"[dim]{escape(text)}[/]")


def fail(text: str) -> None:
    """Say what went wrong."""
    err.print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)


def state_text(state: str) -> Text:
    """Return a state in its colour."""
    return Text(state, style=_COLOURS.get(state, "dim"))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table without frames; the last column takes the room that is left."""
    made = Table(box=None, pad_edge=False, header_style="bold")
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
