"""A report in Markdown, for an issue, a wiki, a chat."""

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
    for life in summary.to_do(report):
        lines += ["", *_advice(life)]
    if report.services:
        lines += ["", "## Services", "", "| " + " | ".join(summary.COLUMNS) + " |"]
        lines += ["|---|---|" + "---:|" * (len(summary.COLUMNS) - 2)]
        lines += ["| " + " | ".join(map(markdown_text, summary.cells(life))) + " |" for life in report.services]
        lines += ["", "## States over time", "", *_bars(report)]
        lines += ["", *(line for life in report.services for line in _life(life, report))]
    lines += list(_alerts(report))
    return "\n".join(lines).rstrip() + "\n"


def _advice(life: ServiceReport) -> Iterable[str]:
    if life.advice is not None:
        yield f"- **{markdown_text(life.name)}**: {markdown_text(life.advice.summary)}"
        yield f"  → {markdown_text(life.advice.remedy)}"


def _bars(report: Report) -> Iterable[str]:
    """Yield the bars as indented code: no fence that a name could end."""
    longest = max(len(clean(life.name)) for life in report.services)
    yield "    " + legend(report)
    for life in report.services:
        yield f"    {clean(life.name):<{longest}}  {bar(life.states, report.begin, report.end, BAR)}".rstrip()


def _life(life: ServiceReport, report: Report) -> Iterable[str]:
    yield f"### {markdown_text(life.name)}"
    yield ""
    for state, spent in summary.state_words(life):
        yield f"- {state}: {spent}"
    for incident in life.incidents[-SHOWN_INCIDENTS:]:
        yield f"- incident at {markdown_text(summary.incident_words(incident, report))}"
    if life.watched and life.advice is not None:
        yield f"- {markdown_text(life.advice.summary)}"
        for evidence in life.advice.evidence:
            yield f"    - {markdown_text(evidence)}"
    yield ""


def _alerts(report: Report) -> Iterable[str]:
    if not report.alerts:
        return
    yield "## Alerts"
    yield ""
    yield "| when | | level | service | message |"
    yield "|---|---|---|---|---|"
    for alert in report.alerts[-SHOWN_ALERTS:]:
        told = (str(alert.kind), str(alert.level), alert.service, alert.message)
        yield f"| {when(alert.timestamp)} | " + " | ".join(map(markdown_text, told)) + " |"
