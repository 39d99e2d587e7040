"""Observations of an exhaustive check: for each row of the table, and for each edge between two states."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final

import attrs

from mcpstore.core import events as ev
from mcpstore.core import guards
from mcpstore.core.actions import Arm, Edge
from mcpstore.core.lifecycle import Row
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState
from tests.model_check import KERNEL, SMALL, Report, Taken, check, situation
from tests.model_check.notation import event_kind

__all__ = ["Line", "Observed", "in_order", "observe"]

HEALTH: Final = ("fails", "undecided_checks", "good_checks")
COUNTERS: Final = (*HEALTH, "attempts", "backoff_exponent", "failed_rounds", "on_probation")

State = ServiceConnectionState


@attrs.define
class Line:
    """A printed row of the table: one row of the code, or several with the same function."""

    row: Row
    events: list[str]
    when: str
    leads_to: dict[str, None] = attrs.field(factory=dict)
    leads_elsewhere: bool = False
    asks_for: list[frozenset[str]] = attrs.field(factory=list)
    counts: dict[str, set[str]] = attrs.field(factory=lambda: defaultdict(set))


@attrs.frozen
class Observed:
    """The data of the diagrams and tables."""

    report: Report
    lines: list[Line]
    edges: dict[tuple[State, State, bool], set[str]]
    """(from, to, requested by an operator) to the names of the rows."""
    run_edges: set[tuple[str, str]]
    """Changes of the run status; `[*]` is a removed service."""


def observe() -> Observed:
    """Explore every reachable context, and record each step."""
    lines = {(row.name, _words(row.when), row.then): Line(row, [], _words(row.when)) for row in KERNEL.table}
    for row in KERNEL.table:
        lines[row.name, _words(row.when), row.then].events.append(event_kind(row.event))
    edges: dict[tuple[State, State, bool], set[str]] = defaultdict(set)
    run_edges: set[tuple[str, str]] = set()

    def watch(taken: Taken) -> None:
        row = KERNEL.row(taken.before, taken.event, SMALL)
        _record(lines[row.name, _words(row.when), row.then], taken)
        for edge in taken.edges:
            edges[edge.old, edge.new, taken.by_operator].add(_name(row, taken))
        old = KERNEL.run_status(taken.before).name
        new = "[*]" if taken.after.removed else KERNEL.run_status(taken.after).name
        run_edges.update({(old, new)} if old != new else ())

    report = check(watch=watch)
    _leave_out_deadlines(edges)
    return Observed(report, list(lines.values()), dict(edges), run_edges)


def in_order(names: Iterable[str]) -> list[str]:
    """Sort names of rows as the table does: O2 before O10, C before H."""
    return sorted(names, key=lambda name: ("OCHDXTW".index(name[0]), int(name[1:])))


def _record(line: Line, taken: Taken) -> None:
    line.leads_to[situation(taken.after)] = None
    line.leads_elsewhere |= taken.after.connection is not taken.before.connection
    asked = (
        f"ARM {action.timer.name}" if isinstance(action, Arm) else type(action).__name__.upper()
        for action in taken.actions
        if not isinstance(action, Edge)
    )
    line.asks_for.append(frozenset(asked))
    kept = COUNTERS if taken.after.connection in LIVE_STATES else [name for name in COUNTERS if name not in HEALTH]
    for name in kept:
        before, after = getattr(taken.before, name), getattr(taken.after, name)
        if after != before:
            line.counts[name].add("+1" if after == before + 1 and name != "on_probation" else f"={_plain(after)}")


def _name(row: Row, taken: Taken) -> str:
    """Return the name of a step in the specification; some rows of the code stand for two names."""
    left_live = taken.before.connection in LIVE_STATES and taken.after.connection not in LIVE_STATES
    if taken.by_operator or row.name == "W1" or not left_live:
        return row.name
    if taken.after.connection is State.DISCONNECTED:
        return "D2"
    return "H8" if isinstance(taken.event, ev.CheckFail | ev.CheckTimeout) else row.name


def _leave_out_deadlines(edges: dict[tuple[State, State, bool], set[str]]) -> None:
    """Drop W1: a deadline takes the edges of the failure that it stands for."""
    for edge, names in edges.items():
        names.discard("W1")
        if not names:
            raise RuntimeError(f"only a deadline leads from {edge[0].name} to {edge[1].name}")


def _words(guard: Callable[..., bool]) -> str:
    """Return the condition of a guard: its docstring, and the values it was created with."""
    made_by = guard.__qualname__.split(".", 1)[0]
    words = inspect.getdoc(getattr(guards, made_by)).removesuffix(".")
    values = inspect.getclosurevars(guard).nonlocals.values() if "<lambda>" in guard.__qualname__ else ()
    named = ", ".join(item.name for value in values for item in _each(value))
    return f"{words}: {named}" if named else words


def _each(value: Any) -> tuple[Enum, ...]:
    return value if isinstance(value, tuple) else (value,)


def _plain(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
