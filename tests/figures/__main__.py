"""`python -m tests.figures [FIGURE …] [--long] [--json] [--list]`: measure promised figures against targets."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .catalog import FIGURES
from .figure import Figure, Part, ReportedPart, Work


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns 1 if a target was missed."""
    options = _parser().parse_args(arguments)
    by_name = {figure.name: figure for figure in FIGURES}
    if options.list:
        print(*(f"{figure.name:16}{figure.title}" for figure in FIGURES), sep="\n")
        return 0
    if unknown := set(options.figures) - by_name.keys():
        print(f"no figure is called {', '.join(sorted(unknown))}; there are {', '.join(by_name)}", file=sys.stderr)
        return 2
    progress = Console(stderr=True)
    chosen = [by_name[name] for name in options.figures or by_name]
    results = [(figure, _measured(figure, long=options.long, progress=progress)) for figure in chosen]
    if options.json:
        print(json.dumps([_plain(figure, parts) for figure, parts in results], indent=2))
    else:
        Console(width=max(150, progress.width)).print(_table(results))
    return int(any(part.is_met is False for _, parts in results for part in parts))


def _measured(figure: Figure, *, long: bool, progress: Console) -> list[Part | ReportedPart]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, progress.status(figure.name) as status:

        def say(text: str) -> None:
            status.update(f"{figure.name}: {text}")
            if not progress.is_terminal:
                print(f"{figure.name}: {text}", file=sys.stderr, flush=True)

        try:
            parts = figure.measure(Work(folder=Path(folder), long=long, say=say))
        except Exception as error:  # noqa: BLE001 - the others are measured all the same
            progress.print_exception()
            parts = [ReportedPart(what="it could not be measured", target="", result=f"{error!r}", is_met=False)]
    progress.print(f"{figure.name}: measured in {time.monotonic() - began:.0f} s", highlight=False)
    return parts


def _plain(figure: Figure, parts: Sequence[Part | ReportedPart]) -> dict[str, Any]:
    return {
        "figure": figure.name,
        "title": figure.title,
        "others": figure.others,
        "parts": [
            {
                "what": part.what,
                "target": part.target,
                "measured": part.result if part.measured is None else part.measured,
                "unit": part.unit,
                "note": part.note,
                "is_met": part.is_met,
            }
            for part in parts
        ],
    }


def _table(results: Sequence[tuple[Figure, Sequence[Part | ReportedPart]]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("FIGURE", max_width=40)
    table.add_column("WHAT OTHERS REACH", max_width=34)
    table.add_column("OF IT", max_width=36)
    for title in ("TARGET", "MEASURED", ""):
        table.add_column(title, no_wrap=title != "MEASURED")
    signs = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}
    for figure, parts in results:
        title, others = f"[bold]{figure.name}[/]: {figure.title}", figure.others
        for part in parts:
            table.add_row(title, others, part.what, part.target, part.result, signs[part.is_met])
            title = others = ""
        table.add_section()
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s figures --", description="Measure what is promised.")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="which; all of them if none is named")
    parser.add_argument("--long", action="store_true", help="200 kills, 1000 trees, 10 GiB, coverage of branches")
    parser.add_argument("--json", action="store_true", help="numbers for programs")
    parser.add_argument("--list", action="store_true", help="which figures there are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
