"""The English of the project: words and names that code, messages and pages do not use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = re.compile(
    r"""\b(
    # code is "the plugin", "the caller", "the service"
    somebody|nobody|whoever|whomever|anybody|everybody|he|his|him|himself|strangers?
    # false friends
    |anew|dear(?:er|ly)?|mend(?:s|ed|ing)?|told|for[ ]the[ ]moment|whole[ ]days
    |(?:is|are|was)[ ]no[ ]more|tak(?:e|es|ing|en)[ ]note|took[ ]note|take[sn]?[ ]down|took[ ]down
    # riddles, proverbs, personification
    |no[ ]more[ ]than[ ]a[ ]word|lives[ ]on|without[ ]a[ ]face|overheard|good[ ]for[ ]nothing|the[ ]house|hearsay
    |odd[ ]one|goes[ ]unsaid|on[ ]purpose[ ]to|fares?|faring
    # archaic words
    |befell|befalls?|woe|lest|whatsoever|thereof|hither|thither|perchance
    )\b(?!-)""",
    re.IGNORECASE | re.VERBOSE,
)
VARIABLES = {"told", "said", "made", "found"}
"""Variables are named by content: error, message, record, match, result, names."""

SUFFIXES = {".py", ".md", ".toml", ".sh"}


def packages() -> list[Path]:
    """Return what is checked: packages, plugins, distributions, and the documentation."""
    folders = [
        path for root in ("core/mcpstore", "plugins/mcpstore_plugins", "contrib") for path in ROOT.glob(f"{root}/*")
    ]
    return sorted(path for path in (*folders, ROOT / "docs", ROOT / "README.md") if path.name != "__pycache__")


def files(package: Path) -> Iterator[Path]:
    for path in sorted(package.rglob("*")) if package.is_dir() else [package]:
        if path.suffix in SUFFIXES and not {"__pycache__", ".nox"} & set(path.parts):
            yield path


def findings(package: Path) -> Iterator[str]:
    """Yield words and names that must go, with their lines."""
    for path in files(package):
        text, where = path.read_text("utf-8"), path.relative_to(ROOT)
        for number, line in enumerate(text.split("\n"), 1):
            if line.endswith("  # a key of version 0.1"):  # files of that version are read
                continue
            for match in WORDS.finditer(line):
                yield f"{where}:{number}: {match[0]!r} in {line.strip()[:100]!r}"
        if path.suffix == ".py":
            yield from (f"{where}:{node.lineno}: variable {name!r}" for node, name in variables(ast.parse(text)))


def variables(tree: ast.AST) -> Iterator[tuple[ast.Name | ast.arg, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) if name in VARIABLES:
                yield node, name


@pytest.mark.parametrize("package", packages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_uses_no_forbidden_word(package):
    assert "\n".join(findings(package)) == ""
