"""The pages for plugin authors agree with the code."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

from mcpstore.hooks import API_VERSION, specs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "plugins"
WRITTEN = [page for page in sorted(DOCS.glob("*.md")) if page.name != "hooks.md"]
FAMILY_PAGES = [
    "alerts", "commands", "events", "health-strategies", "measurements", "persistence-backends", "recovery-policies",
    "transports",
]  # fmt: skip


def signatures():
    source = inspect.getsource(specs)
    return dict(re.findall(r"^def (mcpstore_\w+)(\(.*\)) ->", source, re.MULTILINE))


def text_of(*roots: str) -> str:
    return "\n".join(path.read_text("utf-8") for root in roots for path in sorted(ROOT.glob(root)))


@pytest.mark.parametrize("hook", signatures())
def test_every_hook_is_a_heading_with_its_exact_signature(hook):
    heading = f"### `{hook}{signatures()[hook]}`\n"
    assert [page.name for page in WRITTEN if heading in page.read_text("utf-8")], heading


@pytest.mark.parametrize("hook", signatures())
def test_every_hook_is_named_by_a_test(hook):
    assert re.search(rf"\b{hook}\b", text_of("tests/*/test_*.py", "tests/*/*/test_*.py", "contrib/*/tests/*.py"))


@pytest.mark.parametrize("hook", signatures())
def test_every_hook_is_implemented_by_a_plugin_that_is_bundled_or_in_contrib(hook):
    assert f"def {hook}(" in text_of("plugins/**/*.py", "contrib/*/src/**/*.py")


@pytest.mark.parametrize("page", FAMILY_PAGES)
def test_the_page_of_a_family_draws_when_its_hooks_are_called(page):
    text = (DOCS / f"{page}.md").read_text("utf-8")
    assert "```mermaid\nsequenceDiagram" in text


def test_a_block_that_shows_a_file_equals_the_file(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from _reference.included import included

    try:
        shown = included(ROOT / "docs")
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "_reference"]:
            del sys.modules[name]
    assert {page.stem for page in shown} >= {"transports", "alerts", "events"}
    for page, text in shown.items():
        assert page.read_text("utf-8") == text, f"{page} is out of date; run: python docs/make.py"


def test_every_page_is_reachable_from_the_first_one():
    first = (DOCS / "README.md").read_text("utf-8")
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= set(re.findall(r"\]\(([^)#]+)", first))


def test_the_version_of_the_hooks_is_the_documented_one():
    assert f"now {API_VERSION}" in (DOCS / "compatibility.md").read_text("utf-8")


@pytest.mark.parametrize("page", ["plugins/hooks.md", "reference/python.md"])
def test_every_field_of_a_record_has_a_description_and_every_duration_a_unit(page):
    text = (ROOT / "docs" / page).read_text("utf-8")
    rows = re.findall(r"^\| `([a-z]\w*)` \| `(.*?)` \|(?: .*? \|)? (.*) \|$", text, re.MULTILINE)
    assert len(rows) > 100
    assert not [name for name, _, text in rows if not text.strip()]
    unit = re.compile(r"second|per cent|0 to 1|\bms\b|bytes", re.IGNORECASE)
    assert not [name for name, kind, text in rows if kind.startswith("float") and not unit.search(text)]


def test_members_of_enumerations_are_listed_with_their_values():
    text = (DOCS / "hooks.md").read_text("utf-8")
    assert "### `AlertLevel`" in text
    assert "| `CRITICAL` | `critical` |" in text
    assert "| `key` | `str` | computed | Identity of the notification" in text
