"""Report as plain text, 100 columns wide, for a terminal, an e-mail or a log."""

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
        short: Whether to omit the details of each service.
    """
    lines = [
        "MCPStore lifecycle report",
        summary.period(report),
        *([clean(report.location)] if report.location else []),
        "",
    ]
    lines += [f"  {name + ':':<18} {value}" for name, value in summary.summary(report)]
    lines += ["", summary.headline(report)]
    for service in summary.needing_action(report):
        advice = service.advice
        assert advice is not None  # noqa: S101 - needs action
        lines += [f"  {clean(service.name)}: {clean(advice.summary)}", f"    → {clean(advice.remedy)}"]
    if report.services:
        lines += ["", *_table(summary.COLUMNS, [summary.cells(service) for service in report.services])]
        lines += ["", "states over time  " + legend(report)]
        longest = max(len(clean(service.name)) for service in report.services)
        lines += [
            f"  {clean(service.name):<{longest}}  {bar(service.states, report.begin, report.end, BAR)}"
            for service in report.services
        ]
    if not short:
        for service in report.services:
            lines += ["", *_service_section(service, report)]
    lines += list(_alerts(report))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def legend(report: Report) -> str:
    """Return the legend of the bars, for the kinds that occur."""
    kinds = {kind for service in report.services for kind in service.time_in}
    return "  ".join(f"{mark} {kind}" for kind, mark in MARKS.items() if kind in kinds)


def _service_section(service: ServiceReport, report: Report) -> Iterable[str]:
    yield f"{clean(service.name)}: {service.status if service.watched else summary.UNKNOWN}"
    if service.watched and service.advice is not None:
        yield f"  diagnosis    {clean(service.advice.summary)}"
        for evidence in service.advice.evidence:
            yield f"               {clean(evidence)}"
        if service.advice.remedy:
            yield f"  remedy       {clean(service.advice.remedy)}"
    for number, (state, spent) in enumerate(summary.state_words(service)):
        yield f"  {'' if number else 'states':<12} {state} {spent}"
    if service.incidents:
        for number, incident in enumerate(service.incidents[-SHOWN_INCIDENTS:]):
            yield f"  {'' if number else 'incidents':<12} {clean(summary.incident_words(incident, report))}"
        if len(service.incidents) > SHOWN_INCIDENTS:
            yield f"               and {len(service.incidents) - SHOWN_INCIDENTS} earlier"


def _alerts(report: Report) -> Iterable[str]:
    if report.alerts:
        yield ""
        yield "alerts"
        if len(report.alerts) > SHOWN_ALERTS:
            yield f"  {len(report.alerts) - SHOWN_ALERTS} earlier"
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
