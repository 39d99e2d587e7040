"""Many processes that write one file at the same time, and the edits they lose."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import attrs

CHILD = str(Path(__file__).with_name("writing_child.py"))
WRITERS = 8
MINE = {"mine": {"command": "x"}}


@attrs.frozen
class Written:
    """Result of many writers.

    Attributes:
        edits: Number of edits.
        lost: Names of the entries with a wrong value.
        renamed: Number of replacements of the file, as recorded in the file.
        reported: The same number, as reported by the process that replaced it.
    """

    edits: int
    lost: list[str]
    renamed: int
    reported: int


def written_by_many(folder: Path, edits: int) -> Written:
    """Run eight processes with `edits` edits each while another one renames new files over the file."""
    path = folder / "mcp.json"
    path.write_text('{\n  "mcpServers": {\n    "mine": {"command": "x"}\n  }\n}\n')
    editor = subprocess.Popen(
        [sys.executable, CHILD, str(path), "rename"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    writers = [subprocess.Popen([sys.executable, CHILD, str(path), f"w{i}", str(edits)]) for i in range(WRITERS)]
    assert [writer.wait(250) for writer in writers] == [0] * WRITERS
    reported, _ = editor.communicate("", timeout=30)
    assert editor.returncode == 0
    data = json.loads(path.read_bytes())
    wanted = MINE | {f"w{i}-{n}": {"n": -n} for i in range(WRITERS) for n in range(edits // 2)}
    servers = data["mcpServers"]
    lost = [name for name in wanted.keys() | servers.keys() if wanted.get(name) != servers.get(name)]
    return Written(WRITERS * edits, sorted(lost), data["renamed"], int(reported))
