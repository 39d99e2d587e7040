"""Report as an HTML page: a single file without scripts and without network access."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mcpstore.models.text import counted
from mcpstore.monitoring.report import summary
from mcpstore.monitoring.report.formatting import when
from mcpstore.monitoring.report.markup import Element, element, page, raw_style
from mcpstore.monitoring.report.plots import availability_plot, latency_plot, states_plot
from mcpstore.monitoring.report.records import STOPPED, Report, ServiceReport
from mcpstore.monitoring.report.state_bands import KINDS, kind_of
from mcpstore.monitoring.report.style import CSS

__all__ = ["to_html"]

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Second defence: a browser neither runs nor loads anything that escaping has missed."""

COLLAPSE_FROM: Final = 12
"""Number of services from which healthy ones are collapsed."""
SHOWN_INCIDENTS: Final = 20
SHOWN_ALERTS: Final = 200
FIRST_NUMBER_COLUMN: Final = 2
"""Index of the first column with numbers."""


def to_html(report: Report) -> str:
    """Return a report as an HTML page."""
    body = element("main", *_head(report), _action_card(report))
    if report.services:
        body.append(_card("States over time", states_plot(report), _legend(KINDS)))
        body.append(_card("Services", _table(report)))
        body.extend(_service_details(service, report, number) for number, service in enumerate(report.services))
    if report.alerts:
        body.append(_alerts(report))
    body.append(element("footer", f"Created by mcpstore at {when(report.end)}."))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", "MCPStore lifecycle report"),
        raw_style(CSS),
    )
    return page(element("html", head, element("body", body), lang="en"))


def _head(report: Report) -> Iterable[Element]:
    yield element("h1", "MCPStore lifecycle report")
    yield element("p", summary.period(report), class_="dim")
    if report.location:
        yield element("p", report.location, class_="dim")
    tiles = (
        element("div", element("b", value), element("span", name), class_="tile")
        for name, value in summary.summary(report)
    )
    yield element("div", *tiles, class_="tiles")


def _action_card(report: Report) -> Element:
    services = list(summary.needing_action(report))
    card = element(
        "section",
        element("h2", "What to do"),
        element("p", summary.headline(report)),
        class_="card action" if services else "card healthy" if report.watched else "card",
    )
    items = [
        element(
            "li",
            element("b", service.name),
            f": {service.advice.summary}",
            element("span", service.advice.remedy, class_="remedy"),
        )
        for service in services
        if service.advice is not None
    ]
    if items:
        card.append(element("ul", *items))
    return card


def _card(title: str, *content: Element) -> Element:
    return element("section", element("h2", title), *content, class_="card")


def _legend(kinds: Iterable[str]) -> Element:
    return element("ul", *(element("li", _swatch(f"s-{kind}"), kind) for kind in kinds), class_="legend")


def _swatch(class_: str) -> Element:
    return element("span", class_=f"swatch {class_}", aria_hidden="true")


def _state(service: ServiceReport) -> Element:
    is_stopped = bool(service.states) and kind_of(service.states[-1]) == STOPPED
    kind = STOPPED if is_stopped else service.connection_state.value
    if not service.watched:
        kind = summary.UNKNOWN
    return element("span", _swatch(f"s-{kind}"), kind, class_="badge")


def _table(report: Report) -> Element:
    def figure(column: int) -> dict[str, str]:
        return {"class_": "figure"} if column >= FIRST_NUMBER_COLUMN else {}

    titles = (element("th", title, scope="col", **figure(column)) for column, title in enumerate(summary.COLUMNS))
    body = element("tbody")
    for number, service in enumerate(report.services):
        name, _, *figures = summary.cells(service)
        body.append(
            element(
                "tr",
                element("td", element("a", name, href=f"#service-{number}")),
                element("td", _state(service)),
                *(element("td", figure, class_="figure") for figure in figures),
            )
        )
    table = element("table", element("thead", element("tr", *titles)), body)
    return element("div", table, class_="scroll")


def _service_details(service: ServiceReport, report: Report, number: int) -> Element:
    is_open = len(report.services) < COLLAPSE_FROM or bool(service.incidents) or service.needs_action
    latency = "Latency of calls" if service.calls else "Response time of health checks"
    keys = (("p95", "P95"), ("mean", "mean"), ("failed", "failed calls")) if service.calls else ()
    legend = [element("li", _swatch(f"k-{key}"), text) for key, text in keys]
    below = [element("ul", *legend, class_="legend")] if legend else []
    plots = element(
        "div",
        element("div", element("h3", "Availability"), availability_plot(service, report, number)),
        element("div", element("h3", latency), latency_plot(service, report, number), *below),
        class_="pair",
    )
    words = element("div", _time_spent(service), _history(service, report), class_="pair")
    head = element(
        "summary", element("h2", service.name), _state(service), element("span", _service_facts(service), class_="dim")
    )
    flags = {"open": "open"} if is_open else {}
    return element("details", head, plots, words, class_="card", id=f"service-{number}", **flags)


def _service_facts(service: ServiceReport) -> str:
    cells = dict(zip(summary.COLUMNS, summary.cells(service), strict=True))
    parts = [
        f"availability {cells['AVAILABILITY']}",
        counted(service.calls, "call"),
        counted(service.tool_count, "tool"),
        service.transport,
    ]
    return " · ".join(part for part in parts if part)


def _time_spent(service: ServiceReport) -> Element:
    states = summary.state_words(service)
    whole = sum(service.time_in.values()) or 1.0
    parts = (
        element("span", class_=f"s-{kind}", style=f"width:{100 * service.time_in[kind] / whole:.2f}%")
        for kind, _ in states
    )
    stack = element("div", *parts, class_="stack", aria_hidden="true")
    items = (element("li", _swatch(f"s-{kind}"), f"{kind} {spent}") for kind, spent in states)
    return element("div", element("h3", "Time in each state"), stack, element("ul", *items, class_="legend"))


def _history(service: ServiceReport, report: Report) -> Element:
    lines: list[str] = []
    if service.watched and service.advice is not None:
        lines += [service.advice.summary, *service.advice.evidence]
    shown = service.incidents[-SHOWN_INCIDENTS:]
    lines += [f"incident at {summary.incident_words(incident, report)}" for incident in shown]
    if len(service.incidents) > len(shown):
        lines.append(f"and {counted(len(service.incidents) - len(shown), 'earlier incident')}")
    if service.metrics is not None:
        lines += [
            f"tool {tool.name}: {counted(tool.total_calls, 'call')}, {tool.failed_calls} failed"
            for tool in sorted(service.metrics.tools, key=lambda tool: -tool.total_calls)[:SHOWN_INCIDENTS]
        ]
    items = (element("li", line) for line in lines)
    return element("div", element("h3", "Diagnosis and incidents"), element("ul", *items, class_="plain"))


def _alerts(report: Report) -> Element:
    titles = ("TIME", "KIND", "LEVEL", "SERVICE", "MESSAGE")
    rows = (
        element(
            "tr",
            element("td", when(alert.timestamp)),
            element("td", str(alert.kind)),
            element("td", str(alert.level)),
            element("td", alert.service),
            element("td", alert.message, class_="wide"),
        )
        for alert in report.alerts[-SHOWN_ALERTS:]
    )
    head = element("thead", element("tr", *(element("th", title, scope="col") for title in titles)))
    return _card("Alerts", element("div", element("table", head, element("tbody", *rows)), class_="scroll"))
