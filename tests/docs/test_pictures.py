"""The pictures of the documentation show a simulated day of a store and are reproducible."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def pictures(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    yield
    for name in [name for name in sys.modules if name.startswith("_pictures")]:
        del sys.modules[name]


@pytest.mark.usefixtures("pictures")
def test_a_simulated_day_is_reproducible():
    from _pictures.fleet import TOOLS, play

    async def report_of(store):
        return await store.report("json")

    first, second = play(report_of, hours=2), play(report_of, hours=2)
    assert first == second
    report = json.loads(first)
    assert [life["name"] for life in report["services"]] == list(TOOLS)
    assert all(life["calls"] for life in report["services"])


@pytest.mark.usefixtures("pictures")
def test_the_screen_shows_the_failing_service():
    from _pictures.screen import screen

    text = screen().replace("&#160;", " ")
    for words in ("search", "disconnected", "SEARCH_API_KEY must be set", "add it under"):
        assert words in text


@pytest.mark.usefixtures("pictures")
def test_the_mail_is_about_the_service_that_is_down():
    from _pictures.mail import mail

    text = mail()
    assert "[MCPStore] ERROR service search is down" in text
    assert "service_down" in text


def test_the_pictures_of_the_pages_exist_and_load_no_other_resource():
    for name in ("top.svg", "demo.svg"):
        assert "url(http" not in (DOCS / "pictures" / name).read_text("utf-8")
    for name in ("report.png", "mail.png"):
        assert (DOCS / "pictures" / name).read_bytes().startswith(b"\x89PNG")
