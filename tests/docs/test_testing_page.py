"""The files of the page about testing plugins pass under pytest."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcpstore.testing import suites
from mcpstore.testing.reference import TOOLS

PAGE = Path(__file__).parents[2] / "docs" / "plugins" / "testing.md"
FILE = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| .* \| `(\w+Suite)` \| (\d+) \|$", re.MULTILINE)
ABILITIES = re.compile(r"^\| ability in `(\w+Suite)` .*\n\|---\|---\|\n((?:\| .*\n)+)", re.MULTILINE)


@pytest.mark.timeout(300)
def test_the_files_of_the_page_pass_in_a_project_of_their_own(tmp_path):
    files = FILE.findall(PAGE.read_text("utf-8"))
    assert {name for name, _ in files} > {"conftest.py", "test_transport.py", "test_files.py"}
    for name, text in files:
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "-rs", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed > 200
    assert "TestLines lacks 'secrets': there is no login" in done.stdout


def _checks(suite: type) -> int:
    return sum(name.startswith("test_") for name, _ in inspect.getmembers(suite, inspect.isfunction))


def test_the_page_gives_the_number_of_checks_of_each_suite():
    counts = {name: int(count) for name, count in ROW.findall(PAGE.read_text("utf-8"))}
    real = [getattr(suites, name) for name in suites.__all__ if name.endswith("Suite") and name != "Suite"]
    assert counts == {suite.__name__: _checks(suite) for suite in real}


def test_the_page_explains_every_ability():
    abilities = {
        name: dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", rows, re.MULTILINE))
        for name, rows in ABILITIES.findall(PAGE.read_text("utf-8"))
    }
    real = [getattr(suites, name) for name in suites.__all__ if name.endswith("Suite") and name != "Suite"]
    assert abilities == {suite.__name__: dict(suite.capabilities) for suite in real}


def test_the_page_lists_every_tool_of_the_reference_server():
    rows = PAGE.read_text("utf-8").partition("| tool | arguments | |")[2].partition("\n\n")[0]
    assert tuple(re.findall(r"^\| `(\w+)` ", rows, re.MULTILINE)) == TOOLS
