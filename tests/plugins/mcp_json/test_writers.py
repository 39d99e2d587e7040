"""Many processes that write one file at the same time."""

from __future__ import annotations

import pytest

from .writing import WRITERS, written_by_many

EDITS = 50


@pytest.mark.timeout(300)
def test_eight_processes_and_one_that_renames_new_files_over_it_lose_nothing(tmp_path):
    written = written_by_many(tmp_path, EDITS)

    assert written.edits == WRITERS * EDITS
    assert written.lost == []
    assert written.renamed == written.reported > 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["mcp.json"]
