"""A report for a terminal, a mail, a log: plain text in 100 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mcpstore.monitoring.report import summary
from mcpstore.monitoring.report.formatting import clean, when
from mcpstore.monitoring.report.records import Report, ServiceReport
from mcpstore.monitoring.report.state_bands import MARKS, bar

__all__ = ["legend", "to_text"]

BAR: Final = 60
SHOWN_INCIDENTS: Final = 5
SHOWN_ALERTS: Final = 20


def to_text(report: Report, *, short: bool = False) -> str:
    """Return a report as plain text.

    Args:
        report: The report.
        short: Whether the services are only listed.
    """
    lines = [
        "MCPStore lifecycle report",
        summary.period(report),
        *([clean(report.location)] if report.location else []),
        "",
    ]
    lines += [f"  {name + ':':<18} {value}" for name, value in summary.summary(report)]
    lines += ["", summary.headline(report)]
    for life in summary.to_do(report):
        advice = life.advice
        assert advice is not None  # noqa: S101 - it needs care
        lines += [f"  {clean(life.name)}: {clean(advice.summary)}", f"    → {clean(advice.remedy)}"]
    if report.services:
        lines += ["", *_table(summary.COLUMNS, [summary.cells(life) for life in report.services])]
        lines += ["", "states over time  " + legend(report)]
        longest = max(len(clean(life.name)) for life in report.services)
        lines += [
            f"  {clean(life.name):<{longest}}  {bar(life.states, report.begin, report.end, BAR)}"
            for life in report.services
        ]
    if not short:
        for life in report.services:
            lines += ["", *_life(life, report)]
    lines += list(_alerts(report))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def legend(report: Report) -> str:
    """Return what the marks of the bars mean, as far as they occur."""
    found = {kind for life in report.services for kind in life.time_in}
    return "  ".join(f"{mark} {kind}" for kind, mark in MARKS.items() if kind in found)


def _life(life: ServiceReport, report: Report) -> Iterable[str]:
    yield f"{clean(life.name)}: {life.status if life.watched else summary.UNKNOWN}"
    if life.watched and life.advice is not None:
        yield f"  is           {clean(life.advice.summary)}"
        for evidence in life.advice.evidence:
            yield f"               {clean(evidence)}"
        if life.advice.remedy:
            yield f"  remedy       {clean(life.advice.remedy)}"
    for number, (state, spent) in enumerate(summary.state_words(life)):
        yield f"  {'' if number else 'time spent':<12} {state} {spent}"
    if life.incidents:
        for number, incident in enumerate(life.incidents[-SHOWN_INCIDENTS:]):
            yield f"  {'' if number else 'incidents':<12} {clean(summary.incident_words(incident, report))}"
        if len(life.incidents) > SHOWN_INCIDENTS:
            yield f"               and {len(life.incidents) - SHOWN_INCIDENTS} before"


def _alerts(report: Report) -> Iterable[str]:
    if report.alerts:
        yield ""
        yield "alerts"
        if len(report.alerts) > SHOWN_ALERTS:
            yield f"  {len(report.alerts) - SHOWN_ALERTS} before"
    for alert in report.alerts[-SHOWN_ALERTS:]:
        moment = when(alert.timestamp, since=report.begin)
        yield f"  {moment}  {alert.kind:<8} {alert.level:<8} {clean(summary.alert_words(alert))}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    clear = [[clean(cell, longest=40) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in (titles, *clear)) for column in range(len(titles))]
    for row in (titles, *clear):
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        yield "  " + "  ".join((*left, *right))
