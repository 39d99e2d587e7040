"""Every test that the page on reliability names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "reliability.md").read_text("utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_named_test_exists():
    named = NAMED.findall(PAGE)
    assert len(named) > 50
    for path, name in named:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), f"{path}::{name}"


def test_every_test_name_has_its_path():
    assert len(re.findall(r"\btest_\w+(?!\w*\.py)\b(?!\.py)", PAGE)) == len(NAMED.findall(PAGE))


def test_every_failure_has_a_promise_and_a_test():
    _, *rows = re.split(r"^### ", PAGE.partition("## What is not promised")[0], flags=re.MULTILINE)
    assert len(rows) > 15
    for row in rows:
        title = row.partition("\n")[0]
        assert "*Promise.*" in row, title
        assert NAMED.search(row), title
