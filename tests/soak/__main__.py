"""`python -m tests.soak [--minutes 30] [--services 50] [--seed 7] [--json]`: print growth and leftovers."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .figures import Figures
from .run import Outcome, as_json, run
from .soak import Plan, Soak


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak test and print its results; returns 1 if a target is missed or something is left."""
    options = _parser().parse_args(arguments)
    plan = Plan(services=options.services, seed=options.seed, acts=options.acts, pause=options.pause)
    with tempfile.TemporaryDirectory(prefix="mcpstore-soak-") as folder, Live(console=Console(stderr=True)) as live:

        def report(soak: Soak, now: Figures, latency: float) -> None:
            if live.console.is_terminal:
                live.update(_line(soak, now, latency))

        outcome = asyncio.run(run(Path(folder), plan, options.minutes, report))
    if options.json:
        print(json.dumps(as_json(outcome), indent=2))
    else:
        _show(outcome, verbose=options.verbose)
    return int(outcome.is_missed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tests.soak", description="Inject random faults into a store, and report what grows."
    )
    add = parser.add_argument
    add("--minutes", type=float, default=5.0, help="duration (default: 5)")
    add("--services", type=int, default=50, help="number of services (default: 50; at least 8)")
    add("--seed", type=int, default=7, help="seed of all random decisions (default: 7)")
    add("--acts", type=int, default=60, help="random faults between two calm phases (default: 60)")
    add("--pause", type=float, default=0.3, metavar="SECONDS", help="average time between two faults (default: 0.3)")
    add("--json", action="store_true", help="print JSON")
    add("--verbose", action="store_true", help="also print the types of objects that grow")
    return parser


def _line(soak: Soak, now: Figures, latency: float) -> str:
    return (
        f"{60 * soak.hours:.1f} min {soak.phase:<8} {now.rss:.0f} MiB, {now.files} fd, {now.tasks} tasks, "
        f"{now.threads} threads, {now.children} children, {now.zombies} zombies, {now.marked} of services; "
        f"status {1000 * latency:.1f} ms; {sum(soak.injector.done.values())} acts, {sum(soak.load.done.values())} calls"
    )


def _show(outcome: Outcome, *, verbose: bool) -> None:
    console = Console(width=150)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("FIGURE", "START", "END", "GROWTH AN HOUR", "TARGET", ""):
        table.add_column(title, no_wrap=bool(title))
    for row in outcome.rows:
        verdict = {None: row.note, True: "[green]met[/]", False: f"[red]missed[/] {row.note}"}[row.is_met]
        table.add_row(row.what, row.start, row.end, row.growth, row.target, verdict)
    console.print(table)
    console.print(f"\n{_counts(outcome.done)}\ncalls: {_counts(outcome.calls)}", highlight=False)
    if verbose:
        console.print(f"more of: {_counts(outcome.grown)}", highlight=False)
    for what in outcome.wrong:
        console.print(f"[red]wrong[/] {what}", highlight=False, markup=True)
    if not outcome.wrong:
        console.print("nothing was left: no process of a service, no zombie, no open file, no task, no thread")


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counted.items())


if __name__ == "__main__":
    sys.exit(main())
