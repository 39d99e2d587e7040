"""Names that were replaced do not come back; the import paths of the specification do not count."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import mcpstore
from mcpstore import AsyncMCPStore, MCPStore
from mcpstore.hooks import specs
from mcpstore.store import AsyncServiceContext, ServiceContext

ROOT = Path(__file__).parents[2]
LINES = (Path(__file__).with_name("old_names.tsv")).read_text("utf-8").splitlines()
ROWS = [line.split("\t") for line in LINES if not line.startswith("#")]
SOURCES = sorted(path for pattern in ("core", "plugins", "contrib/*/src") for path in ROOT.glob(f"{pattern}/**/*.py"))
SPECIFIED = {"core/mcpstore/core/models/service"}
"""Modules that keep their old path, because the specification imports from it."""


def names(kind: str) -> list[str]:
    return [row[1] for row in ROWS if row[0] == kind]


@attrs.frozen
class Definition:
    """A name that a module defines."""

    name: str
    is_class: bool
    file: str


def definitions(path: Path) -> Iterator[Definition]:
    """Yield classes, functions, methods, fields and constants; local variables do not count."""
    file = str(path.relative_to(ROOT))
    bodies = [ast.parse(path.read_text("utf-8")).body]
    while bodies:
        for node in bodies.pop():
            match node:
                case ast.ClassDef(name=name, body=body):
                    yield Definition(name, is_class=True, file=file)
                    bodies.append(body)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield Definition(name, is_class=False, file=file)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    yield Definition(name, is_class=False, file=file)
                case ast.Assign(targets=targets):
                    for target in targets:
                        if isinstance(target, ast.Name):
                            yield Definition(target.id, is_class=False, file=file)
                case ast.If(body=body):  # such as TYPE_CHECKING
                    bodies.append(body)


ALL = [each for path in SOURCES for each in definitions(path)]


def test_no_module_has_an_old_name():
    results = [name for name in names("module") if (ROOT / f"{name}.py").exists() or any((ROOT / name).rglob("*.py"))]
    assert sorted(set(results) - SPECIFIED) == []


def test_a_module_with_an_old_name_that_the_specification_uses_only_reexports():
    for name in SPECIFIED:
        assert [each for each in definitions(ROOT / f"{name}.py") if each.name != "__all__"] == []


@pytest.mark.parametrize("kind", ["class", "name"])
def test_no_class_function_field_or_constant_has_an_old_name(kind):
    everywhere = {row[1] for row in ROWS if row[0] == kind and len(row) == 2}
    narrowed = {(row[1], row[2]) for row in ROWS if row[0] == kind and len(row) == 3}
    results = [each for each in ALL if each.name in everywhere or (each.name, each.file) in narrowed]
    assert [f"{each.file}: {each.name}" for each in results if each.is_class == (kind == "class")] == []


@pytest.mark.parametrize("where", [mcpstore, MCPStore, AsyncMCPStore, ServiceContext, AsyncServiceContext, specs])
def test_no_public_name_is_an_old_name(where):
    assert set(names("public")) & set(dir(where)) == set()


def test_no_command_has_an_old_name():
    page = (ROOT / "docs/reference/command-line.md").read_text("utf-8")
    for command in names("command"):
        assert not re.search(rf"\bmcpstore {re.escape(command)}\b", page), command
