"""A pytest plugin that writes the recorded properties of tests to a file, as numbers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_RECORDS = pytest.StashKey[list[dict[str, Any]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RECORDS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.when == "call" or report.failed:
        item.config.stash[_RECORDS].append({**dict(report.user_properties), "passed": report.passed})
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    Path(os.environ["MCPSTORE_FIGURES"]).write_text(json.dumps(session.config.stash[_RECORDS]))
