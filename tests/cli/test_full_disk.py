"""Output files on a full disk: an error that names the file, and no partial file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disk.mounting import small_disk

from .conftest import demo


@pytest.fixture
def full(shell) -> Iterator[Path]:
    """A small file system, which the test fills."""
    with small_disk(shell.folder / "disk", "128k") as disk:
        yield disk


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        (("export", "--output"), "figures.json"),
        (("export", "--output"), "figures.csv"),
        (("export", "--output"), "figures.parquet"),
        (("report", "--output"), "report.html"),
        (("report", "--output"), "report.md"),
        (("plugins", "new", "acme", "--into"), ""),
    ],
)
def test_a_full_disk_is_reported_with_the_path_and_leaves_no_partial_file(shell, full, verb, name):
    shell.config(well=demo("well"))
    path = full / name if name else full
    if name:
        path.write_text("what was there")
    ballast = full / "ballast"
    room = os.statvfs(full)
    ballast.write_bytes(b"x" * room.f_bavail * room.f_frsize)

    result = shell(*verb, str(path))

    assert result.code != 0
    assert "No space left on device" in result.err
    assert str(path) in result.err
    assert "name another" in result.err
    assert "Traceback" not in result.err
    assert sorted(file.name for file in full.iterdir()) == sorted({"ballast", *([name] if name else [])})
    assert not name or path.read_text() == "what was there"

    ballast.unlink()
    assert shell(*verb, str(path)).code == 0
