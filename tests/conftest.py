"""What every test may use."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Approvals of tools and logins of the tests, and of the programs they start, must not reach the folders of the user.
_data = tempfile.TemporaryDirectory(prefix="mcpstore-data-")
os.environ["XDG_DATA_HOME"] = _data.name

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # so it is where a shell began the tests in the background, and every program they start would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A temporary folder for sockets, whose paths may have about 100 bytes; the folders of pytest may be longer."""
    with tempfile.TemporaryDirectory(prefix="mcp-", dir="/tmp") as folder:
        yield Path(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Record what was skipped, and why, for the last line of `nox -s tests`."""
    if not (path := os.environ.get("MCPSTORE_SKIPS")):
        return
    with Path(path).open("a", encoding="utf-8") as record:
        for report in terminalreporter.stats.get("skipped", []):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            record.write(json.dumps({"test": report.nodeid, "reason": reason}) + "\n")
