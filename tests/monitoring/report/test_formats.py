"""Reports as text, Markdown, HTML and JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.metrics import ServiceMetrics, ToolMetrics
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.service import ServiceStatus
from mcpstore.monitoring.report import Advice, Report, render
from mcpstore.monitoring.report.state_bands import bar

from .invented_history import BEGIN, HOUR, ill, life, report, sample, stretches

PEOPLE = ("text", "markdown", "html")
EVIL = "a\x1b[31m<script>alert(1)</script>\u202e\"'|`*_[x](javascript:y)\r\n# b\ud800 https://evil.example @you"


def alert(**fields: Any) -> Alert:
    return Alert(
        **{
            "rule_name": "service_down", "service": "a", "level": AlertLevel.ERROR, "kind": AlertKind.FIRED,
            "message": "a is down", "timestamp": BEGIN + 60, "incident": "1", **fields,
        }
    )  # fmt: skip


def evil() -> Report:
    metrics = ServiceMetrics(
        service_name=EVIL, status=ServiceStatus.RUNNING, connection_state=State.HEALTHY, p50=0.1,
        tools=(ToolMetrics(name=EVIL, total_calls=1),),
    )  # fmt: skip
    advice = Advice(summary=EVIL, evidence=(EVIL,), remedy=EVIL)
    states = stretches((State.HEALTHY, 60), (State.DISCONNECTED, 60))
    one = life(EVIL, states, status=ServiceStatus.ERROR, advice=advice, metrics=metrics, samples=[sample(30, calls=1)])
    return Report(
        begin=BEGIN, end=BEGIN + HOUR, location=EVIL, services=(one,), alerts=(alert(service=EVIL, message=EVIL),)
    )


class Page(HTMLParser):
    """Records the elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("form", PEOPLE)
def test_every_format_contains_incidents_and_advice(form):
    samples = [sample(30, calls=4, failed_calls=1, avg_response_time=0.02, p95=0.03, max_response_time=0.04)]
    text = render(report(life("well", stretches((State.HEALTHY, HOUR))), ill("broken", samples=samples)), form)
    for words in (
        "1 of 2", "58.3 %", "25.0 %", "1 of 2 services needs action", "broken", "it is broken", "repair it",
        "exited with code 1", "for 50 min so far", "50 min (83.3 %)", "/home/me/mcp.json",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize("form", PEOPLE)
def test_every_format_contains_alerts(form):
    fleet = report(alerts=(alert(), alert(kind=AlertKind.RESOLVED)), active=(alert(incident="2"),))
    text = render(fleet, form)
    assert "a is down" in text
    assert "resolved" in text
    assert "1, 1 active" in text


@pytest.mark.parametrize("form", PEOPLE)
def test_a_store_without_services_has_a_report_too(form):
    assert "The configuration holds no services." in render(report(), form)


def test_the_json_format_has_the_same_figures():
    data = json.loads(render(report(ill("broken")), "json"))
    assert (data["availability"], data["incidents"]) == (pytest.approx(100 / 6), 1)
    assert data["services"][0]["incidents"][0]["states"] == ["disconnected"]
    assert data["services"][0]["status"] == "error"


def test_the_summary_is_the_text_format_without_details():
    fleet = report(ill("broken"))
    text = render(fleet, "summary")
    assert render(fleet, "text").startswith(text)
    assert "repair it" in text
    assert "exited with code 1" not in text


def test_an_unknown_format_is_an_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match="text, summary, markdown, html"):
        render(report(), "pdf")


@pytest.mark.parametrize("form", PEOPLE)
def test_text_of_a_service_moves_no_cursor_reverses_no_text_and_can_be_encoded(form):
    text = render(evil(), form)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    text.encode("utf-8")


def test_text_of_a_service_never_becomes_an_html_element():
    page = Page(render(evil(), "html"))
    assert page.all("script") == []
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert {anchor["href"] for anchor in page.all("a")} == {"#service-0"}


def test_text_of_a_service_never_becomes_a_markdown_link_table_or_element():
    markdown = render(evil(), "markdown")
    inline = "\n".join(line for line in markdown.splitlines() if not line.startswith("    "))
    assert "<" not in inline
    assert "](" not in inline.replace("\\](", "")
    assert "https://" not in inline
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {3, 6, 12}


def test_the_page_loads_no_other_resource():
    html = render(evil(), "html")
    page = Page(html)
    for tag in ("link", "img", "iframe", "object", "base", "form"):
        assert page.all(tag) == []
    assert not [attributes for _, attributes in page.elements if "src" in attributes]
    assert "url(" not in html
    assert "@import" not in html
    assert any("default-src 'none'" in str(meta.get("content")) for meta in page.all("meta"))
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize("form", ["text", "summary", "markdown", "html"])
def test_a_report_without_a_manager_says_what_is_unknown(form):
    text = render(report(ill("b", watched=False), watched=False), form)
    assert "No manager is running: the current state of the services is unknown." in text
    assert "unknown, of 1" in text
    for claim in ("No action is needed", "repair it", "it is broken", "need action", "needs action"):
        assert claim not in text
    assert "repair it" in render(report(ill("b")), form)


def test_every_plot_has_a_title_and_a_text_description():
    fleet = report(life("a", stretches((State.HEALTHY, HOUR)), samples=[sample(30, calls=1)]), ill("b"))
    page = Page(render(fleet, "html"))
    plots = page.all("svg")
    assert len(plots) == 1 + 2 * 2
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    for plot in plots:
        assert plot["role"] == "img"
        assert set(str(plot["aria-labelledby"]).split()) <= ids
    assert len(ids) == len([1 for _, attributes in page.elements if "id" in attributes])
    assert "availability 16.7 %, 1 incident" in render(fleet, "html")


def test_of_many_services_the_healthy_ones_are_collapsed():
    lives = [life(f"s{number}", stretches((State.HEALTHY, HOUR))) for number in range(20)]
    folded = Page(render(report(*lives, ill("b")), "html")).all("details")
    assert ["open" in one for one in folded] == [False] * 20 + [True]


def test_the_size_of_a_page_does_not_grow_with_the_number_of_records():
    blips = [(State.HEALTHY, 0.5), (State.RECONNECTING, 0.5)]
    few = render(report(life(states=stretches(*blips * 3600))), "html")
    many = render(report(life(states=stretches(*[(s, t / 10) for s, t in blips] * 36_000))), "html")
    assert len(many) < 1.2 * len(few)


def test_an_outage_shorter_than_one_cell_is_still_visible():
    states = stretches((State.HEALTHY, 1800), (State.UNHEALTHY, 0.1), (State.HEALTHY, 1799.9))
    assert bar(states, BEGIN, BEGIN + HOUR, 10) == "█████▒████"


def test_a_bar_is_blank_where_the_state_is_unknown():
    late = stretches((State.HEALTHY, HOUR / 2), begin=BEGIN + HOUR / 2)
    assert bar(late, BEGIN, BEGIN + HOUR, 4) == "  ██"
    assert bar([], BEGIN, BEGIN, 4) == "    "
