"""The generated parts of docs/explanation/lifecycle.md are up to date."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs
import pytest

from mcpstore.core.lifecycle import TABLE
from mcpstore.models.service import ServiceConnectionState

pytestmark = pytest.mark.timeout(600)  # CPU-bound: slow on a busy machine

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMAND = "python docs/diagrams.py"


@pytest.fixture(scope="module")
def scripts():
    """The modules of docs/, and the observations of one exhaustive check."""
    before = set(sys.modules)
    sys.path.insert(0, str(DOCS))
    try:
        diagrams = importlib.import_module("diagrams")
        yield attrs.make_class("Scripts", ["diagrams", "blocks", "picture", "observed"])(
            diagrams,
            importlib.import_module("_lifecycle.blocks"),
            importlib.import_module("_lifecycle.picture"),
            diagrams.observe(),
        )
    finally:
        sys.path.remove(str(DOCS))
        for name in [
            name for name in sys.modules if name not in before and name.startswith(("diagrams", "_lifecycle"))
        ]:
            del sys.modules[name]


@pytest.fixture
def docs(tmp_path, scripts, monkeypatch):
    """A copy of the page that may be changed."""
    monkeypatch.setattr(scripts.diagrams, "observe", lambda: scripts.observed)
    shutil.copytree(DOCS / "explanation", tmp_path / "explanation")
    return tmp_path


def test_the_page_and_the_picture_are_up_to_date(scripts, docs, capsys):
    assert scripts.diagrams.main(["--check"], docs) == 0, f"run: {COMMAND}"
    assert capsys.readouterr().out == ""


def test_outdated_parts_are_named_with_the_command_to_run(scripts, docs, capsys):
    page = docs / "explanation/lifecycle.md"
    page.write_text(page.read_text(encoding="utf-8").replace("| **O5** |", "| **O55** |"), encoding="utf-8")
    (docs / "explanation/lifecycle.svg").unlink()

    assert scripts.diagrams.main(["--check"], docs) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"docs/explanation/lifecycle.{end}: is out of date; run: {COMMAND}" for end in ("md", "svg")]


def test_outdated_parts_are_written(scripts, docs, capsys):
    page = docs / "explanation/lifecycle.md"
    whole = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"(<!-- generated: table -->).*?(<!-- end -->)", r"\1\n\2", whole, flags=re.DOTALL), "utf-8")

    assert scripts.diagrams.main([], docs) == 0

    assert page.read_text(encoding="utf-8") == whole
    assert capsys.readouterr().out == "docs/explanation/lifecycle.md: written\n"


def test_a_page_without_a_part_is_refused(scripts, docs):
    page = docs / "explanation/lifecycle.md"
    page.write_text(page.read_text(encoding="utf-8").replace("<!-- generated: timing -->", ""), encoding="utf-8")

    with pytest.raises(RuntimeError, match="must have each part once"):
        scripts.diagrams.main([], docs)


def test_a_new_edge_needs_an_arrow(scripts):
    observed = scripts.observed
    edge = (ServiceConnectionState.WARNING, ServiceConnectionState.INITIALIZING, False)

    with pytest.raises(RuntimeError, match="differ in WARNING -> INITIALIZING; lay out"):
        scripts.picture.draw(attrs.evolve(observed, edges={**observed.edges, edge: {"H99"}}))


def test_diverging_live_states_need_their_own_arrows(scripts):
    observed = scripts.observed
    edge = (ServiceConnectionState.WARNING, ServiceConnectionState.INITIALIZING, True)

    with pytest.raises(RuntimeError, match="live states lead to INITIALIZING in different ways"):
        scripts.picture.draw(attrs.evolve(observed, edges={**observed.edges, edge: {"O99"}}))


def test_the_picture_is_well_formed_and_names_every_state(scripts):
    picture = ET.fromstring(scripts.picture.draw(scripts.observed))
    texts = ["".join(element.itertext()) for element in picture.iter("{http://www.w3.org/2000/svg}text")]

    assert {state.name for state in ServiceConnectionState} <= set(texts)


def test_every_row_of_the_table_is_on_the_page_and_has_a_test():
    page = (DOCS / "explanation/lifecycle.md").read_text(encoding="utf-8")
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/core").glob("test_table*.py"))

    for name in {row.name for row in TABLE} | {"O4", "O8", "C3", "H8", "D2"}:
        assert re.search(rf"\b{name}\b", page)
        assert f"def test_{name.lower()}_" in tests


def test_every_link_of_the_page_points_to_a_file():
    page = (DOCS / "explanation/lifecycle.md").read_text(encoding="utf-8")

    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (DOCS / "explanation" / target).exists(), target
