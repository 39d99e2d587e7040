"""Every test and name on the page about the systems of the specification exists."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/from-the-specification.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::((?:test_|Test)\w+)`")
DOTTED = re.compile(r"`(mcpstore(?:\.\w+)+)")


def rows() -> list[str]:
    lines = PAGE.read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| there |")]


def defined_in(path: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, kinds)}


def test_the_page_has_rows():
    assert len(rows()) > 30


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_every_row_names_tests_that_exist(row):
    proof = row.rstrip(" |").rpartition(" | ")[2]
    named = NAMED.findall(proof)
    assert named, row
    assert NAMED.sub("", proof).strip(" ,") == "", "the last column contains only names of tests"
    for path, name in named:
        assert name in defined_in(ROOT / path), f"{path}::{name}"


@pytest.mark.parametrize("name", sorted(set(DOTTED.findall(PAGE.read_text("utf-8")))))
def test_every_dotted_name_on_the_page_exists(name):
    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        assert hasattr(importlib.import_module(module), attribute), name
