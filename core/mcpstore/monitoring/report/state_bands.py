"""States over time, cut into cells: what the bars and coloured bands of a report are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.state_history import StateInterval
from mcpstore.monitoring.report.records import STOPPED

__all__ = ["KINDS", "MARKS", "bar", "kind_of", "runs", "worst"]

KINDS: Final = (
    State.HEALTHY.value,
    State.INITIALIZING.value,
    STOPPED,
    State.WARNING.value,
    State.UNKNOWN.value,
    State.UNHEALTHY.value,
    State.RECONNECTING.value,
    State.DISCONNECTED.value,
)
"""What a service can be, from good to bad."""

MARKS: Final[Mapping[str, str]] = dict(zip(KINDS, "█·_▓?▒░x", strict=True))
"""What stands for it in a bar, where there are no colours."""

_BADNESS: Final[Mapping[str, int]] = {kind: number for number, kind in enumerate(KINDS)}


def kind_of(interval: StateInterval) -> str | None:
    """Return what a service was in an interval: its state, or "stopped"; None if nobody looked after it."""
    if not interval.watched:
        return None
    return interval.state.value if interval.wanted else STOPPED


def worst(states: Iterable[StateInterval], begin: float, end: float, cells: int) -> list[str | None]:
    """Return the worst a service was in each of `cells` equal parts of a time; None where nothing is known.

    The worst, so that a trouble too short for a cell of its own still shows.

    Args:
        states: Its states.
        begin: The beginning of the time, as a POSIX timestamp in seconds.
        end: Its end, as a POSIX timestamp in seconds.
        cells: How many parts.
    """
    found: list[str | None] = [None] * cells
    size = (end - begin) / cells
    for interval in states:
        kind = kind_of(interval)
        if kind is None or size <= 0 or interval.until <= begin or interval.since >= end:
            continue
        first = int(max(interval.since - begin, 0.0) / size)
        last = max(first + 1, round((interval.until - begin) / size))
        for cell in range(first, min(last, cells)):
            known = found[cell]
            if known is None or _BADNESS[kind] > _BADNESS[known]:
                found[cell] = kind
    return found


def runs(cells: Sequence[str | None]) -> Iterable[tuple[int, int, str]]:
    """Yield first cell, number of cells and kind of each run of equal cells; what is unknown is left out."""
    first = 0
    for kind, group in groupby(cells):
        count = sum(1 for _ in group)
        if kind is not None:
            yield first, count, kind
        first += count


def bar(states: Iterable[StateInterval], begin: float, end: float, width: int) -> str:
    """Return states over time as a bar of `width` characters; see `worst`."""
    return "".join(" " if kind is None else MARKS[kind] for kind in worst(states, begin, end, width))
