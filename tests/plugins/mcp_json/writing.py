"""Many processes that write one file at the same time, and what is lost of their edits."""

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
    """What many writers did.

    Attributes:
        edits: Edits that were made.
        lost: Entries that are not what they should be.
        renamed: How often the file was replaced by another one, as the file has it.
        told: The same, as the one who did it has it.
    """

    edits: int
    lost: list[str]
    renamed: int
    reported: int


def written_by_many(folder: Path, edits: int) -> Written:
    """Let eight processes make so many edits each while another one renames new files over the file."""
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
