"""States over time, divided into cells, for the bars and coloured bands of a report."""

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
"""Kinds of time of a service, from best to worst."""

MARKS: Final[Mapping[str, str]] = dict(zip(KINDS, "█·_▓?▒░x", strict=True))
"""Character for each kind in a bar without colours."""

_SEVERITY: Final[Mapping[str, int]] = {kind: number for number, kind in enumerate(KINDS)}


def kind_of(interval: StateInterval) -> str | None:
    """Return the kind of an interval: the state, or "stopped"; None if no manager ran the service."""
    if not interval.watched:
        return None
    return interval.state.value if interval.wanted else STOPPED


def worst(states: Iterable[StateInterval], begin: float, end: float, cells: int) -> list[str | None]:
    """Return the worst kind of time in each of `cells` equal parts of a period; None where it is unknown.

    It is the worst one, so that a problem shorter than a cell still shows.

    Args:
        states: States of the service.
        begin: Start of the period, as a POSIX timestamp in seconds.
        end: End of the period, as a POSIX timestamp in seconds.
        cells: Number of parts.
    """
    kinds: list[str | None] = [None] * cells
    size = (end - begin) / cells
    for interval in states:
        kind = kind_of(interval)
        if kind is None or size <= 0 or interval.until <= begin or interval.since >= end:
            continue
        first = int(max(interval.since - begin, 0.0) / size)
        last = max(first + 1, round((interval.until - begin) / size))
        for cell in range(first, min(last, cells)):
            known = kinds[cell]
            if known is None or _SEVERITY[kind] > _SEVERITY[known]:
                kinds[cell] = kind
    return kinds


def runs(cells: Sequence[str | None]) -> Iterable[tuple[int, int, str]]:
    """Yield first cell, number of cells and kind of each run of equal cells; unknown cells are skipped."""
    first = 0
    for kind, group in groupby(cells):
        count = sum(1 for _ in group)
        if kind is not None:
            yield first, count, kind
        first += count


def bar(states: Iterable[StateInterval], begin: float, end: float, width: int) -> str:
    """Return states over time as a bar of `width` characters; see `worst`."""
    return "".join(" " if kind is None else MARKS[kind] for kind in worst(states, begin, end, width))
