"""Many processes that write one file at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = str(Path(__file__).with_name("writing_child.py"))
WRITERS, EDITS = 8, 50


@pytest.mark.timeout(300)
def test_eight_processes_and_one_that_renames_new_files_over_it_lose_nothing(tmp_path):
    path = tmp_path / "mcp.json"
    path.write_text('{\n  "mcpServers": {\n    "mine": {"command": "x"}\n  }\n}\n')
    editor = subprocess.Popen(
        [sys.executable, CHILD, str(path), "rename"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    writers = [subprocess.Popen([sys.executable, CHILD, str(path), f"w{i}", str(EDITS)]) for i in range(WRITERS)]
    assert [writer.wait(250) for writer in writers] == [0] * WRITERS
    told, _ = editor.communicate("", timeout=30)
    assert editor.returncode == 0
    data = json.loads(path.read_bytes())
    wanted = {f"w{i}-{n}": {"n": -n} for i in range(WRITERS) for n in range(EDITS // 2)}
    assert data["mcpServers"] == wanted | {"mine": {"command": "x"}}
    assert data["renamed"] == int(told) > 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["mcp.json"]
