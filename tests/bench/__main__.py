"""`python -m tests.bench [PART …] [--json]`: measure each part, and print ratios."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
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
VERDICTS = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 1 if a part failed, whatever the others gave."""
    parser = argparse.ArgumentParser(prog="nox -s bench --", description="Measure side by side, and print ratios.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: all of them ({', '.join(PARTS)})")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    progress = Console(stderr=True)
    results: list[Result] = []
    for part in options.parts or PARTS:
        results += _measured(part, progress)
    if options.json:
        print(json.dumps([{**attrs.asdict(result), "is_met": result.is_met} for result in results], indent=2))
    else:
        Console(width=150).print(_table(results))
    return int(any(result.is_failed for result in results))


def _measured(part: str, progress: Console) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder, progress.status(f"measuring: {part}"):
        try:
            return PARTS[part](Path(folder))
        except Exception as error:  # noqa: BLE001 - the other parts are measured all the same
            progress.print_exception()
            return [Result(what=f"{part}: the measurement failed", ours=f"{error!r}", is_failed=True)]


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("WHAT", "OURS", "THEIRS", "RATIO", "AIM", ""):
        table.add_column(title, no_wrap=title not in ("WHAT", "OURS"))
    for result in results:
        sign = "<=" if result.at_most else ">="
        table.add_row(
            result.what,
            result.ours,
            result.theirs,
            "" if result.ratio is None else f"{result.ratio:.2f}",
            "" if result.aim is None else f"{sign} {result.aim:g}",
            "[red]failed[/]" if result.is_failed else VERDICTS[result.is_met],
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
