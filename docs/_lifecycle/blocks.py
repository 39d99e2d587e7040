"""The generated parts of docs/explanation/lifecycle.md, by the name that their markers carry."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Final

import attrs
from _lifecycle.observed import Line, Observed, in_order
from _lifecycle.reasons import REASONS

from mcpstore.core.context import Limits
from mcpstore.models.service import LIVE_STATES
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from tests.model_check import KERNEL, OF_CONTEXTS, OF_FUTURES, OF_STEPS, explore
from tests.model_check.notation import event_kind

__all__ = ["BLOCKS"]

MANY: Final = 3
"""Targets of a row above which they are printed in short, if they differ only in the state, which stays."""


def states(observed: Observed) -> str:
    """Return the seven states and their edges as a Mermaid diagram."""
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR", "    [*] --> DISCONNECTED", "    state LIVE {"]
    lines += [f"        {line}" for line in _edges(observed, inside=True)]
    lines += ["    }", *(f"    {line}" for line in _edges(observed, inside=False)), "```"]
    return "\n".join(lines)


def _edges(observed: Observed, *, inside: bool) -> Iterable[str]:
    lines: dict[str, None] = {}  # a request that every live state accepts is drawn once, from the frame around them
    for (old, new, asked), names in observed.edges.items():
        if inside == (not asked and {old, new} <= LIVE_STATES):
            source = "LIVE" if asked and old in LIVE_STATES else old.name
            lines[f"{source} --> {new.name}: {' '.join(in_order(names))}{' (on request)' if asked else ''}"] = None
    return sorted(lines)


def run_statuses(observed: Observed) -> str:
    """Return the run statuses and their changes as a Mermaid diagram."""
    edges = sorted(observed.run_edges)
    return "\n".join(
        ["```mermaid", "stateDiagram-v2", "    [*] --> NOT_STARTED", *(f"    {a} --> {b}" for a, b in edges), "```"]
    )


def table(observed: Observed) -> str:
    """Return the table, row by row."""
    head = ["| row | event | when | leads to | actions | counters |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(_table_line(line) for line in observed.lines)])


def _table_line(line: Line) -> str:
    events = ", ".join(f"`{event}`" for event in line.events)
    cells = (f"**{line.row.name}**", events, line.when, _leads_to(line), _asks_for(line), _counts(line))
    return f"| {' | '.join(cells)} |"


def _leads_to(line: Line) -> str:
    if len(line.leads_to) > MANY and not line.leads_elsewhere:
        rests = {re.sub(r"^\w+|→\w+", "", where) for where in line.leads_to}
        return f"same state, `{rests.pop()}`" if len(rests) == 1 else "same state"
    return "<br>".join(f"`{where}`" for where in line.leads_to)


def _asks_for(line: Line) -> str:
    always = frozenset.intersection(*line.asks_for)
    sometimes = frozenset.union(*line.asks_for) - always
    parts = [", ".join(f"`{name}`" for name in sorted(always))] if always else []
    parts += ["sometimes " + ", ".join(f"`{name}`" for name in sorted(sometimes))] if sometimes else []
    return "; ".join(parts) or "none"


def _counts(line: Line) -> str:
    return ", ".join(f"{name} {' or '.join(sorted(changes))}" for name, changes in line.counts.items())


def timing(_observed: Observed) -> str:
    """Return the durations and counts, each with its meaning and its reason."""
    fields = [field.name for field in attrs.fields(Timing)]
    if fields != list(REASONS):
        raise RuntimeError(f"docs/_lifecycle/reasons.py must explain {set(fields) ^ set(REASONS) or 'them in order'}")
    lines = ["| name | default | meaning | reason |", "|---|---|---|---|"]
    for name, (unit, what, why) in REASONS.items():
        lines.append(f"| `{name}` | {_amount(getattr(DEFAULT_TIMING, name), unit)} | {what} | {why} |")
    return "\n".join(lines)


def _amount(value: float, unit: str) -> str:
    return f"± {value:.0%}".replace("%", " %") if unit == "±" else f"{value:g} {unit}".strip()


def limits(_observed: Observed) -> str:
    """Return the limits of the counters, from the docstring of `Limits`."""
    words = dict(re.findall(r"^    (\w+): (.+)$", inspect.getdoc(Limits) or "", re.MULTILINE))
    lines = ["| name | default | meaning |", "|---|---|---|"]
    lines += [f"| `{field.name}` | {field.default} | {words[field.name]} |" for field in attrs.fields(Limits)]
    return "\n".join(lines)


def invariants(_observed: Observed) -> str:
    """Return the invariants that the check tests, from their docstrings."""
    functions = sorted((*OF_CONTEXTS, *OF_STEPS, *OF_FUTURES), key=_number)
    lines = ["| | invariant | checked by |", "|---|---|---|"]
    for each in functions:
        number, words = (inspect.getdoc(each) or "").split("\n")[0].split(": ", 1)
        module = inspect.getmodule(each).__name__.rsplit(".", 1)[1]
        lines.append(f"| {number} | {words[0].upper()}{words[1:]} | `{module}.{each.__name__}` |")
    return "\n".join(lines)


def _number(invariant: Callable[..., bool]) -> int:
    return int(re.match(r"i(\d+)_", invariant.__name__)[1])


def figures(observed: Observed) -> str:
    """Return the size of the machine."""
    report, small = observed.report, explore.SMALL
    return (
        f"With {small.failures} failures, {small.undecided} undecided checks, {small.attempts} attempts and "
        f"{small.max_backoff_exponent} steps of backoff and cool-down, the machine has\n"
        f"**{report.states:,} contexts**. "
        f"All {report.transitions:,} pairs of context and event are explored; {report.moves:,} of them have an effect."
    )


def events(_observed: Observed) -> str:
    """Return the events, each with its meaning, from its docstring."""
    kinds = dict.fromkeys(row.event for row in KERNEL.table)
    lines = []
    for kind in kinds:
        words = (inspect.getdoc(kind) or "").split("\n")[0].split(": ", 1)[1]
        lines.append(f"| `{event_kind(kind)}` | {words[0].upper()}{words[1:]} |")
    return "\n".join(["| event | meaning |", "|---|---|", *lines])


BLOCKS: Final[dict[str, Callable[[Observed], str]]] = {
    "states": states,
    "run statuses": run_statuses,
    "events": events,
    "table": table,
    "timing": timing,
    "limits": limits,
    "invariants": invariants,
    "figures": figures,
}
