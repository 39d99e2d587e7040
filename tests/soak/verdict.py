"""What a soak proves: each figure, how fast it grew, and whether that is what is wanted or cannot be told yet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import attrs

from .figures import Figures
from .slope import percentile, slope

WARM_UP = 0.25
"""Share of a run in which caches fill and modules are loaded; it counts for nothing."""

FULL = 1.0
"""Hours until everything that has a bound has reached it: logs, alerts, figures of the last minutes, the allocator."""

MIB_PER_HOUR = 1.0
STATUS = 0.020
"""Seconds."""

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
        what: What it is.
        start: At the first calm that counts.
        end: At the last one.
        growth: What it grew by in an hour, and how well that is known.
        target: What is wanted.
        is_met: Whether that is so; None if it cannot be told, or nothing is wanted.
        note: What would tell it.
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
    """Judge what was counted in the calms of a run of so many hours, and how long `status` took in its blackouts.

    Args:
        calms: What was counted, and when, in hours.
        latencies: Seconds that `status` took.
        without: The same without those in which somebody else had the processors.
        hours: How long the run was.
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
        return attrs.evolve(row, note="too few calms to tell; run it for longer")
    row = attrs.evolve(row, growth=f"{result.value:+.1f} ± {result.margin:.1f}")
    if result.high <= MIB_PER_HOUR:
        return attrs.evolve(row, is_met=True)
    if result.low > MIB_PER_HOUR:
        if hours < FULL:
            return attrs.evolve(row, note=f"what has a bound still fills up; run it for {_time(FULL)} at least")
        return attrs.evolve(row, is_met=False)
    # The margin falls with the power 3/2 of the time, if what is left beside the line stays what it is.
    needed = hours * (2 * result.margin / MIB_PER_HOUR) ** (2 / 3)
    return attrs.evolve(row, note=f"cannot be told from {_time(hours)}; a run of about {_time(needed)} could")


def _count(what: str, name: str, counted: Sequence[tuple[float, Figures]]) -> Row:
    times, values = _series(name, counted)
    result = slope(times, values)
    ends = {"start": f"{values[0]:.0f}", "end": f"{values[-1]:.0f}"} if values else {}
    row = Row(what=what, target="0 an hour", **ends)
    if name == "zombies" and any(values):
        return attrs.evolve(row, is_met=False, note=f"up to {max(values):.0f} in a calm")
    if result is None:
        return attrs.evolve(row, note="too few calms to tell; run it for longer")
    growth = "0" if not result.value and not result.margin else f"{result.value:+.1f} ± {result.margin:.1f}"
    row = attrs.evolve(row, growth=growth)
    if result.low > 0:
        return attrs.evolve(row, is_met=False)
    # Nobody can see that something never grows; that it grows by less than one in an hour, one can.
    return attrs.evolve(row, is_met=True) if result.high < 1 else attrs.evolve(row, note="cannot be told yet")


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
        return attrs.evolve(row, note="asked too seldom to tell; run it for longer")
    # What other programs take of the processors is no fault of ours, and nobody can say what it would be without them.
    return attrs.evolve(row, note=f"cannot be told: {1000 * ours:.1f} ms without waiting for a processor")


def _series(name: str, counted: Sequence[tuple[float, Figures]]) -> tuple[list[float], list[float]]:
    return [at for at, _ in counted], [float(getattr(figures, name)) for _, figures in counted]


def _time(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"
