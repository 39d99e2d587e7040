"""The command line in its own folder, and a running manager."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from typer.testing import CliRunner

from mcpstore.cli import output

DEADLINE = 90.0


@attrs.define
class Said:
    """Result of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@attrs.define
class Shell:
    """Runs `mcpstore` in a folder, in this process."""

    folder: Path

    def __call__(self, *arguments: str, stdin: str | None = None) -> Said:
        from mcpstore.cli import alerts, app, config, control, doctor, reports, run, services, tools

        assert all((alerts, control, doctor, config, run, reports, services, tools))
        result = CliRunner().invoke(app.app, list(arguments), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def config(self, **servers: Any) -> Path:
        path = self.folder / "mcp.json"
        path.write_text(json.dumps({"mcpServers": servers}))
        return path


def demo(name: str, *arguments: str) -> dict[str, Any]:
    """Return the entry of a small real server."""
    return {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", name, *arguments]}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MCPSTORE_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for folder in ("state", "config", "data"):
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(f"XDG_{folder.upper()}_HOME", str(tmp_path / folder))
    monkeypatch.setenv("COLUMNS", "200")
    for console in (output.out, output.err):  # which read it when they were created
        monkeypatch.setattr(console, "_width", 200)
    monkeypatch.setenv("NO_COLOR", "1")
    return Shell(tmp_path)


@attrs.define
class Manager:
    """A manager in its own process."""

    process: subprocess.Popen[str]
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@pytest.fixture
def up(shell: Shell) -> Iterator[Callable[..., Manager]]:
    managers: list[Manager] = []

    def start(*arguments: str, more: tuple[str, ...] = ()) -> Manager:
        log = shell.folder / f"up{len(managers)}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "mcpstore", *arguments, "up", "--plain", *more],
                stdout=out, stderr=subprocess.STDOUT, text=True, env=os.environ,
            )  # fmt: skip
        managers.append(Manager(process, log))
        eventually(lambda: shell("logs").code == 0 or process.poll() is not None)
        return managers[-1]

    yield start
    for manager in managers:
        if manager.process.poll() is None:
            manager.stop()


def eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
