"""A report as a page: one file that needs nothing else, no network, no scripts."""

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
"""Even if something slipped through, a browser would neither run nor load it."""

MANY: Final = 12
"""Services from which on those that are well are folded up."""
SHOWN_INCIDENTS: Final = 20
SHOWN_ALERTS: Final = 200
FIGURES_FROM: Final = 2
"""The first column that holds figures."""


def to_html(report: Report) -> str:
    """Return a report as a page."""
    body = element("main", *_head(report), _care(report))
    if report.services:
        body.append(_card("States over time", states_plot(report), _legend(KINDS)))
        body.append(_card("Services", _table(report)))
        body.extend(_life(life, report, number) for number, life in enumerate(report.services))
    if report.alerts:
        body.append(_alerts(report))
    body.append(element("footer", f"Made by mcpstore at {when(report.end)}."))
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


def _care(report: Report) -> Element:
    ill = list(summary.to_do(report))
    made = element(
        "section",
        element("h2", "What to do"),
        element("p", summary.headline(report)),
        class_="card care" if ill else "card well" if report.watched else "card",
    )
    items = [
        element(
            "li",
            element("b", life.name),
            f": {life.advice.summary}",
            element("span", life.advice.remedy, class_="remedy"),
        )
        for life in ill
        if life.advice is not None
    ]
    if items:
        made.append(element("ul", *items))
    return made


def _card(title: str, *content: Element) -> Element:
    return element("section", element("h2", title), *content, class_="card")


def _legend(kinds: Iterable[str]) -> Element:
    return element("ul", *(element("li", _swatch(f"s-{kind}"), kind) for kind in kinds), class_="legend")


def _swatch(class_: str) -> Element:
    return element("span", class_=f"swatch {class_}", aria_hidden="true")


def _state(life: ServiceReport) -> Element:
    is_stopped = bool(life.states) and kind_of(life.states[-1]) == STOPPED
    kind = STOPPED if is_stopped else life.connection_state.value
    if not life.watched:
        kind = summary.UNKNOWN
    return element("span", _swatch(f"s-{kind}"), kind, class_="badge")


def _table(report: Report) -> Element:
    def figure(column: int) -> dict[str, str]:
        return {"class_": "figure"} if column >= FIGURES_FROM else {}

    titles = (element("th", title, scope="col", **figure(column)) for column, title in enumerate(summary.COLUMNS))
    body = element("tbody")
    for number, life in enumerate(report.services):
        name, _, *figures = summary.cells(life)
        body.append(
            element(
                "tr",
                element("td", element("a", name, href=f"#service-{number}")),
                element("td", _state(life)),
                *(element("td", figure, class_="figure") for figure in figures),
            )
        )
    table = element("table", element("thead", element("tr", *titles)), body)
    return element("div", table, class_="scroll")


def _life(life: ServiceReport, report: Report, number: int) -> Element:
    is_open = len(report.services) < MANY or bool(life.incidents) or life.needs_care
    latency = "How long calls take" if life.calls else "How long health checks take"
    keys = (("p95", "95 of 100 below"), ("mean", "mean"), ("failed", "failed calls")) if life.calls else ()
    legend = [element("li", _swatch(f"k-{key}"), text) for key, text in keys]
    below = [element("ul", *legend, class_="legend")] if legend else []
    plots = element(
        "div",
        element("div", element("h3", "Availability"), availability_plot(life, report, number)),
        element("div", element("h3", latency), latency_plot(life, report, number), *below),
        class_="pair",
    )
    words = element("div", _time_spent(life), _what(life, report), class_="pair")
    head = element("summary", element("h2", life.name), _state(life), element("span", _told(life), class_="dim"))
    flags = {"open": "open"} if is_open else {}
    return element("details", head, plots, words, class_="card", id=f"service-{number}", **flags)


def _told(life: ServiceReport) -> str:
    cells = dict(zip(summary.COLUMNS, summary.cells(life), strict=True))
    parts = [
        f"available {cells['available']}",
        counted(life.calls, "call"),
        counted(life.tool_count, "tool"),
        life.transport,
    ]
    return " · ".join(part for part in parts if part)


def _time_spent(life: ServiceReport) -> Element:
    told = summary.state_words(life)
    whole = sum(life.time_in.values()) or 1.0
    parts = (
        element("span", class_=f"s-{kind}", style=f"width:{100 * life.time_in[kind] / whole:.2f}%") for kind, _ in told
    )
    stack = element("div", *parts, class_="stack", aria_hidden="true")
    items = (element("li", _swatch(f"s-{kind}"), f"{kind} {spent}") for kind, spent in told)
    return element("div", element("h3", "Time in each state"), stack, element("ul", *items, class_="legend"))


def _what(life: ServiceReport, report: Report) -> Element:
    lines: list[str] = []
    if life.watched and life.advice is not None:
        lines += [life.advice.summary, *life.advice.evidence]
    shown = life.incidents[-SHOWN_INCIDENTS:]
    lines += [f"incident at {summary.incident_words(incident, report)}" for incident in shown]
    if len(life.incidents) > len(shown):
        lines.append(f"and {counted(len(life.incidents) - len(shown), 'incident')} before")
    if life.metrics is not None:
        lines += [
            f"tool {tool.name}: {counted(tool.total_calls, 'call')}, {tool.failed_calls} failed"
            for tool in sorted(life.metrics.tools, key=lambda tool: -tool.total_calls)[:SHOWN_INCIDENTS]
        ]
    items = (element("li", line) for line in lines)
    return element("div", element("h3", "What is known"), element("ul", *items, class_="plain"))


def _alerts(report: Report) -> Element:
    titles = ("when", "", "level", "service", "message")
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
