"""Report in Markdown, for an issue, a wiki or a chat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mcpstore.monitoring.report import summary
from mcpstore.monitoring.report.formatting import clean, markdown_text, when
from mcpstore.monitoring.report.records import Report, ServiceReport
from mcpstore.monitoring.report.state_bands import bar
from mcpstore.monitoring.report.text import legend

__all__ = ["to_markdown"]

BAR: Final = 60
SHOWN_INCIDENTS: Final = 20
SHOWN_ALERTS: Final = 100


def to_markdown(report: Report) -> str:
    """Return a report in Markdown."""
    lines = ["# MCPStore lifecycle report", "", summary.period(report)]
    if report.location:
        lines += ["", f"Configuration: {markdown_text(report.location)}"]
    lines += ["", "| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in summary.summary(report))]
    lines += ["", "## What to do", "", summary.headline(report)]
    for service in summary.needing_action(report):
        lines += ["", *_advice(service)]
    if report.services:
        lines += ["", "## Services", "", "| " + " | ".join(summary.COLUMNS) + " |"]
        lines += ["|---|---|" + "---:|" * (len(summary.COLUMNS) - 2)]
        lines += ["| " + " | ".join(map(markdown_text, summary.cells(service))) + " |" for service in report.services]
        lines += ["", "## States over time", "", *_bars(report)]
        lines += ["", *(line for service in report.services for line in _service_section(service, report))]
    lines += list(_alerts(report))
    return "\n".join(lines).rstrip() + "\n"


def _advice(service: ServiceReport) -> Iterable[str]:
    if service.advice is not None:
        yield f"- **{markdown_text(service.name)}**: {markdown_text(service.advice.summary)}"
        yield f"  → {markdown_text(service.advice.remedy)}"


def _bars(report: Report) -> Iterable[str]:
    """Yield the bars as indented code; a name could end a fenced block."""
    longest = max(len(clean(service.name)) for service in report.services)
    yield "    " + legend(report)
    for service in report.services:
        yield f"    {clean(service.name):<{longest}}  {bar(service.states, report.begin, report.end, BAR)}".rstrip()


def _service_section(service: ServiceReport, report: Report) -> Iterable[str]:
    yield f"### {markdown_text(service.name)}"
    yield ""
    for state, spent in summary.state_words(service):
        yield f"- {state}: {spent}"
    for incident in service.incidents[-SHOWN_INCIDENTS:]:
        yield f"- incident at {markdown_text(summary.incident_words(incident, report))}"
    if service.watched and service.advice is not None:
        yield f"- {markdown_text(service.advice.summary)}"
        for evidence in service.advice.evidence:
            yield f"    - {markdown_text(evidence)}"
    yield ""


def _alerts(report: Report) -> Iterable[str]:
    if not report.alerts:
        return
    yield "## Alerts"
    yield ""
    yield "| TIME | KIND | LEVEL | SERVICE | MESSAGE |"
    yield "|---|---|---|---|---|"
    for alert in report.alerts[-SHOWN_ALERTS:]:
        row = (str(alert.kind), str(alert.level), alert.service, alert.message)
        yield f"| {when(alert.timestamp)} | " + " | ".join(map(markdown_text, row)) + " |"
