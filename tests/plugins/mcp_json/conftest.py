"""The file that tests of saving write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from .files import OLD


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "mcp.json"
    path.write_text(OLD)
    return path
