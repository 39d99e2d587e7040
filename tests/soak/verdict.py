"""Verdicts of the soak test: each figure, its growth, and whether the target is met, missed or unknown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import attrs

from .figures import Figures
from .slope import percentile, slope

WARM_UP = 0.25
"""Share of a run that is not judged, because caches fill and modules are loaded."""

FULL = 1.0
"""Time until every bounded buffer is full (logs, alerts, recent metrics, the allocator), in hours."""

MIB_PER_HOUR = 1.0
STATUS = 0.020
"""Target of the 99th percentile of the latency of `status`, in seconds."""

COUNTS = {
    "files": "open files",
    "tasks": "tasks",
    "threads": "threads",
    "children": "child processes",
    "zombies": "zombies",
    "marked": "processes of services",
}


@attrs.frozen(kw_only=True)
class Row:
    """A figure.

    Attributes:
        what: Name of the figure.
        start: Value at the first calm phase after the warm-up.
        end: Value at the last calm phase.
        growth: Growth an hour, with its margin.
        target: The limit.
        is_met: Whether the target is met; None if that is unknown, or if there is no target.
        note: How to find out.
    """

    what: str
    start: str = ""
    end: str = ""
    growth: str = ""
    target: str = ""
    is_met: bool | None = None
    note: str = ""


def rows(
    calms: Sequence[tuple[float, Figures]], latencies: Iterable[float], without: Iterable[float], hours: float
) -> Iterator[Row]:
    """Judge the counts of the calm phases of a run, and the latency of `status` in its blackouts.

    Args:
        calms: Times, in hours, and counts.
        latencies: Latencies of `status`, in seconds.
        without: The same minus the time that this process waited for a CPU.
        hours: Duration of the run, in hours.
    """
    counted = [(at, figures) for at, figures in calms if at >= WARM_UP * hours]
    yield _memory("memory, MiB", "rss", counted, hours)
    for name, what in COUNTS.items():
        yield _count(what, name, counted)
    yield attrs.evolve(_memory("state directory, MiB", "state", counted, hours), target="", is_met=None, note="")
    yield _status(list(latencies), list(without))


def _memory(what: str, name: str, counted: Sequence[tuple[float, Figures]], hours: float) -> Row:
    times, values = _series(name, counted)
    result = slope(times, values)
    ends = {"start": f"{values[0]:.1f}", "end": f"{values[-1]:.1f}"} if values else {}
    row = Row(what=what, target=f"<= +{MIB_PER_HOUR:g} an hour", **ends)
    if result is None:
        return attrs.evolve(row, note="too few calm phases; run it for longer")
    row = attrs.evolve(row, growth=f"{result.value:+.1f} ± {result.margin:.1f}")
    if result.high <= MIB_PER_HOUR:
        return attrs.evolve(row, is_met=True)
    if result.low > MIB_PER_HOUR:
        if hours < FULL:
            return attrs.evolve(row, note=f"bounded buffers still fill; run it for {_time(FULL)} at least")
        return attrs.evolve(row, is_met=False)
    # The margin falls with the power 3/2 of the time, if the residuals stay the same.
    needed = hours * (2 * result.margin / MIB_PER_HOUR) ** (2 / 3)
    return attrs.evolve(row, note=f"unknown after {_time(hours)}; a run of about {_time(needed)} could")


def _count(what: str, name: str, counted: Sequence[tuple[float, Figures]]) -> Row:
    times, values = _series(name, counted)
    result = slope(times, values)
    ends = {"start": f"{values[0]:.0f}", "end": f"{values[-1]:.0f}"} if values else {}
    row = Row(what=what, target="0 an hour", **ends)
    if name == "zombies" and any(values):
        return attrs.evolve(row, is_met=False, note=f"up to {max(values):.0f} in a calm")
    if result is None:
        return attrs.evolve(row, note="too few calm phases; run it for longer")
    growth = "0" if not result.value and not result.margin else f"{result.value:+.1f} ± {result.margin:.1f}"
    row = attrs.evolve(row, growth=growth)
    if result.low > 0:
        return attrs.evolve(row, is_met=False)
    # That a count never grows cannot be shown; that it grows by less than one an hour can.
    return attrs.evolve(row, is_met=True) if result.high < 1 else attrs.evolve(row, note="unknown yet")


def _status(latencies: Sequence[float], without: Sequence[float]) -> Row:
    row = Row(what="status while nothing works, p99", target=f"<= {1000 * STATUS:g} ms")
    if not latencies:
        return attrs.evolve(row, note="never asked")
    value, low, high = percentile(latencies, 0.99)
    ours, least, _ = percentile(without, 0.99)
    most = "?" if math.isinf(high) else f"{1000 * high:.1f}"
    text = f"{1000 * value:.1f} ms ({1000 * low:.1f} to {most}) of {len(latencies)}"
    row = attrs.evolve(row, end=text)
    if high <= STATUS:
        return attrs.evolve(row, is_met=True)
    if least > STATUS:
        return attrs.evolve(row, is_met=False)
    if value <= STATUS:
        return attrs.evolve(row, note="too few requests; run it for longer")
    # The CPU time of other programs is not a fault of the manager; the latency without them is unknown.
    return attrs.evolve(row, note=f"unknown: {1000 * ours:.1f} ms without waiting for a processor")


def _series(name: str, counted: Sequence[tuple[float, Figures]]) -> tuple[list[float], list[float]]:
    return [at for at, _ in counted], [float(getattr(figures, name)) for _, figures in counted]


def _time(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"
