"""States over time, cut into cells: what the bars and coloured bands of a report are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from mcpstore.core.models.service import ServiceConnectionState as State
from mcpstore.monitoring.report.records import STOPPED, Stretch

__all__ = ["KINDS", "MARKS", "bar", "runs", "worst"]

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


def worst(stretches: Iterable[Stretch], begin: float, end: float, cells: int) -> list[str | None]:
    """Return the worst a service was in each of `cells` equal parts of a time; None where nothing is known.

    The worst, so that a trouble too short for a cell of its own still shows.

    Args:
        stretches: Its states.
        begin: The beginning of the time, as a POSIX timestamp in seconds.
        end: Its end, as a POSIX timestamp in seconds.
        cells: How many parts.
    """
    found: list[str | None] = [None] * cells
    size = (end - begin) / cells
    for stretch in stretches:
        if size <= 0 or stretch.end <= begin or stretch.begin >= end:
            continue
        first = int(max(stretch.begin - begin, 0.0) / size)
        last = max(first + 1, round((stretch.end - begin) / size))
        for cell in range(first, min(last, cells)):
            known = found[cell]
            if known is None or _BADNESS[stretch.kind] > _BADNESS[known]:
                found[cell] = stretch.kind
    return found


def runs(cells: Sequence[str | None]) -> Iterable[tuple[int, int, str]]:
    """Yield first cell, number of cells and kind of each run of equal cells; what is unknown is left out."""
    first = 0
    for kind, group in groupby(cells):
        count = sum(1 for _ in group)
        if kind is not None:
            yield first, count, kind
        first += count


def bar(stretches: Iterable[Stretch], begin: float, end: float, width: int) -> str:
    """Return states over time as a bar of `width` characters; see `worst`."""
    return "".join(" " if kind is None else MARKS[kind] for kind in worst(stretches, begin, end, width))
