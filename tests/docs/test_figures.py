"""The page on reliability contains exactly the figures that the command measures."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from figures.catalog import FIGURES
from figures.figure import Figure, Part

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "reliability.md").read_text("utf-8")
SECTION = PAGE.partition("## The figures\n")[2].partition("\n## ")[0]


def test_the_table_contains_every_figure_of_the_command():
    named = re.findall(r"^\| `([\w-]+)` \|", SECTION, re.MULTILINE)

    assert named == [figure.name for figure in FIGURES]


def test_the_command_is_at_the_top_of_the_page():
    assert "nox -s figures" in PAGE.partition("\n## ")[0]


def test_every_figure_has_its_own_name():
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_the_measurement_of_every_figure_exists(figure):
    module, function = figure.where.split(":")

    assert re.search(
        rf"^def {function}\(", (ROOT / "tests" / "figures" / f"{module}.py").read_text("utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(
    ("measured", "aim", "at_least", "is_met"),
    [(0, 0, False, True), (1, 0, False, False), (99, 100, True, False), (100, 100, True, True), (None, 1, False, None)],
)
def test_a_figure_is_met_or_missed(measured, aim, at_least, is_met):
    assert Part(what="", measured=measured, aim=aim, at_least=at_least).is_met is is_met


def test_figures_are_formatted_with_sign_unit_and_note():
    part = Part(what="", measured=0.0343, aim=0.5, unit="s", note="median 0.02 s")

    assert (part.target, part.result) == ("<= 0.5 s", "0.0343 s (median 0.02 s)")
    assert Part(what="", measured=1600, aim=0).result == "1,600"
    assert Part(what="", measured=None, aim=95, at_least=True, unit="%", note="with --long").result == "with --long"


def test_the_command_lists_its_figures(capsys):
    main = import_module("figures.__main__").main

    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [figure.name for figure in FIGURES]
    assert main(["nonsense"]) == 2
    assert "no figure is called nonsense" in capsys.readouterr().err


def test_a_failed_measurement_does_not_prevent_others(capsys, monkeypatch):
    module = import_module("figures.__main__")
    good, bad = (Figure(name=name, title="", others="", where=f"_figures:{name}") for name in ("good", "bad"))
    parts = {"good": [Part(what="it", measured=1, aim=1)]}
    monkeypatch.setattr(module, "FIGURES", (bad, good))
    monkeypatch.setattr(Figure, "measure", lambda figure, _work: parts[figure.name])

    assert module.main(["--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["figure"], first["parts"][0]["is_met"]) == ("bad", False)
    assert (second["figure"], second["parts"][0]["is_met"]) == ("good", True)
    assert module.main(["good"]) == 0
    assert "met" in capsys.readouterr().out
