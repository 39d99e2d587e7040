"""Simulate fleets and print the results: `python -m tests.simulation --help`."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Final

import attrs

from tests.simulation.adversary import search
from tests.simulation.fleet import KINDS, Plan, Result, simulate

__all__ = ["main"]

LONG: Final[Mapping[str, int | float]] = {"services": 2000, "days": 90.0, "interval": 300.0}
"""The options that `--long` replaces."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and print the results; returns 1 if a promise was broken."""
    options = _parser().parse_args(arguments)
    if options.long:
        for name, value in LONG.items():
            setattr(options, name, value)
    plan = Plan(
        seed=options.seed,
        services=options.services,
        days=options.days,
        kinds=tuple(options.worlds.split(",")) if options.worlds else KINDS,
        interval=options.interval,
        orders=options.orders,
        happenings=options.happenings,
    )
    if options.adversary:
        return _search(options.adversary, plan.seed)
    results: list[Result] = []
    for result in _results(_fleets(plan, options.fleet), options.processes):
        results.append(result)
        if result.broken is not None:
            _print(f"{result.broken}", "", "a promise is broken; play it again:", f"    {result.plan.command}")
            return 1
        if options.verbose:
            _print(f"seed {result.plan.seed}: {result.events} events, hash {result.hash}, {result.cpu:.1f} s of CPU")
    _print(*_summary(plan, results))
    return 0


def _search(rounds: int, seed: int) -> int:
    for result in search(rounds, seed):
        _print(f"{result}")
        if result.broken is not None:
            return 1
    return 0


def _fleets(plan: Plan, size: int) -> list[Plan]:
    """Return plans of fleets of limited size, each with its own seed."""
    sizes = [min(size, plan.services - begin) for begin in range(0, plan.services, size)]
    return [attrs.evolve(plan, seed=plan.seed + number, services=count) for number, count in enumerate(sizes)]


def _results(plans: Sequence[Plan], processes: int) -> Iterable[Result]:
    if processes == 1 or len(plans) == 1:
        yield from map(simulate, plans)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(simulate, plans)
        except GeneratorExit:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _summary(plan: Plan, results: Sequence[Result]) -> list[str]:
    events, cpu = sum(r.events for r in results), sum(r.cpu for r in results)
    whole = hashlib.sha256("".join(r.hash for r in results).encode()).hexdigest()[:16]
    lines = [
        f"{plan.services} services for {plan.days:g} days in {len(results)} fleets: {events} events, no promise broken",
        f"{cpu:.1f} s of CPU, {events / max(cpu, 1e-9):,.0f} events a second; hash {whole}",
    ]
    for name in results[0].scores:
        values = [value for result in results for value in result.scores[name].values()]
        for word, figure in _OF.get(name, (("at most", max),)):
            lines.append(f"  {name}, {word}: {figure(values or [0.0]):.10g}")
    return lines


_OF: Final[Mapping[str, tuple[tuple[str, Callable[[Sequence[float]], float]], ...]]] = {
    "openings": (("in all", sum),),
    "availability": (("at least", min), ("median", median)),
}
"""How the figures of all services are combined; the default is the maximum."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s simulate --", description=__doc__)
    plan = Plan()
    parser.add_argument("--seed", type=int, default=plan.seed, help="decides everything left to chance")
    parser.add_argument("--services", type=int, default=plan.services)
    parser.add_argument("--days", type=float, default=plan.days)
    parser.add_argument("--interval", type=float, default=plan.interval, help="seconds between health checks")
    parser.add_argument("--orders", type=float, default=plan.orders, help="orders a day for each service")
    parser.add_argument("--happenings", type=float, default=plan.happenings, help="sleeps, stalls, clock steps a day")
    parser.add_argument("--worlds", default="", help=f"kinds, by comma: {', '.join(dict.fromkeys(KINDS))}")
    parser.add_argument("--fleet", type=int, default=100, help="services that know of each other")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--long", action="store_true", help="2000 services, 90 days, a check every 300 s")
    parser.add_argument("--adversary", type=int, default=0, metavar="STEPS", help="search the worst of worlds instead")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each fleet")
    return parser


def _print(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
