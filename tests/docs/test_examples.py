"""Every code block of the documentation runs, page by page and in order."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

ROOT = Path(__file__).parents[2]
OURS = [ROOT / "tests/simulation/README.md", ROOT / "tests/soak/README.md"]
"""Pages for developers of this project, whose examples need the checkout."""
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *OURS]
BLOCK = re.compile(r"^(?:<!-- as (\S+) -->\n)?```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INSTALL = "pip install -e ./"
NOT_RUN = ("pip install", "git clone", "uvx nox")
DRAWN = {"mermaid", "text"}
DEADLINE = 90


@attrs.define
class Desk:
    """An empty folder with servers that need no network; the blocks of a page run in it."""

    folder: Path
    environment: dict[str, str]
    managers: list[subprocess.Popen[bytes]] = attrs.field(factory=list)

    @property
    def log(self) -> Path:
        """Output of the managers."""
        return self.folder.parent / "manager.log"

    def console(self, block: str) -> None:
        command, expected = "", ""
        lines = block.splitlines()
        prompted = any(line.startswith("$ ") for line in lines)
        for line in [*lines, "$ "]:
            if prompted and not line.startswith("$ "):
                expected += line + "\n"
                continue
            if command:
                self.run(command, expected)
            command, expected = line.removeprefix("$ ") if prompted else line.partition("  # ")[0], ""
            if not prompted and line != "$ ":
                self.run(command, "")
                command = ""

    def run(self, command: str, expected: str) -> None:
        if command.startswith(INSTALL):
            self.install(self.folder / command.removeprefix(INSTALL).split()[0])
            return
        if not command.strip() or command.startswith(NOT_RUN):
            return
        if command.strip().partition("#")[0].strip() == "mcpstore up":
            with self.log.open("wb") as log:
                self.managers.append(
                    subprocess.Popen(
                        ["mcpstore", "up", "--plain"], cwd=self.folder, env=self.environment, stdout=log, stderr=log
                    )
                )
            self.wait_for_manager()
            return
        done = subprocess.run(
            command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=DEADLINE
        )
        output = " ".join(done.stdout.split())
        assert done.returncode in (0, 1), f"{command}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        for line in expected.splitlines():
            assert " ".join(line.split()) in output, f"{command}\nexpected: {line}\ngot: {done.stdout}{done.stderr}"

    def install(self, project: Path) -> None:
        """Install a project for the programs in this folder: unpack its wheel, which is pure Python."""
        site, wheels = self.folder.parent / "site", self.folder.parent / "wheels"
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
            cwd=project, check=True, capture_output=True, timeout=DEADLINE,
        )  # fmt: skip
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(site)
        self.environment["PYTHONPATH"] = str(site)

    def wait_for_manager(self) -> None:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            done = subprocess.run(["mcpstore", "check"], cwd=self.folder, env=self.environment, capture_output=True)
            if b"no manager" not in done.stderr and done.returncode == 0:
                return
        raise AssertionError(f"the manager did not come up\n{self.log.read_text()}\n{done.stdout}{done.stderr}")

    def python(self, block: str) -> None:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", block],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=DEADLINE,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr

    def json(self, block: str) -> None:
        file = self.folder / "example.json"
        file.write_text(block)
        done = subprocess.run(
            ["mcpstore", "config", "show", str(file), "--json"],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=DEADLINE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        content: dict[str, Any] = json.loads(done.stdout)
        assert content["servers"], block
        assert not content["problems"], content["problems"]

    def close(self) -> None:
        for manager in self.managers:
            manager.send_signal(signal.SIGTERM)
            manager.wait(DEADLINE)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    tools = tmp_path / "bin"
    tools.mkdir()
    runner = shlex.join([sys.executable, str(Path(__file__).with_name("package_runner.py"))])
    for name in ("uvx", "npx"):
        program = tools / name
        program.write_text(f'#!/bin/sh\nexec {runner} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "mcp.json").write_text('{"mcpServers": {}}')
    environment = {
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    desk = Desk(folder, environment)
    yield desk
    desk.close()


def blocks(page: Path) -> list[tuple[str, str, str]]:
    return [block for block in BLOCK.findall(page.read_text("utf-8")) if block[1] not in DRAWN]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.timeout(600)
def test_every_block_of_a_page_runs(page, desk):
    if page in OURS:
        desk.environment["PYTHONPATH"] = str(ROOT)
    for file, kind, text in blocks(page):
        getattr(desk, kind)(text)
        if file:
            (desk.folder / file).write_text(text)


def test_every_link_between_pages_has_a_target():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_every_anchor_of_a_link_is_a_heading():
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", page.read_text("utf-8")):
            if "://" not in target:
                file = page.parent / target if target else page
                assert anchor in anchors(file), f"{page.relative_to(ROOT)}: {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub creates from the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
