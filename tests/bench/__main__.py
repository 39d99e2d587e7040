"""`python -m tests.bench [PART …] [--json]`: measure, and print ratios."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from . import calling, fleets, importing, kernel, memory, monitoring, plugins, processes
from .result import Result

PARTS: dict[str, Callable[[Path], list[Result]]] = {
    "import": lambda _folder: importing.measure(),
    "kernel": lambda _folder: kernel.measure(),
    "call": calling.measure,
    "fleet": fleets.measure,
    "memory": memory.measure,
    "processes": processes.measure,
    "plugins": plugins.measure,
    "monitoring": monitoring.measure,
}


def main() -> None:
    wanted = [part for part in sys.argv[1:] if not part.startswith("-")] or list(PARTS)
    console = Console(stderr=True)
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for part in wanted:
            with console.status(f"measuring: {part}"):
                results += PARTS[part](Path(folder))
    if "--json" in sys.argv:
        print(json.dumps([{**attrs.asdict(result), "is_met": result.is_met} for result in results], indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("WHAT", "OURS", "THEIRS", "RATIO", "AIM", ""):
        table.add_column(title, no_wrap=title != "WHAT")
    for result in results:
        sign = "<=" if result.at_most else ">="
        table.add_row(
            result.what,
            result.ours,
            result.theirs,
            "" if result.ratio is None else f"{result.ratio:.2f}",
            "" if result.aim is None else f"{sign} {result.aim:g}",
            {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[result.is_met],
        )
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
