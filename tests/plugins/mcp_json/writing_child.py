"""A program that edits a file repeatedly: its own entries, or the entire file like an editor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import sys
from pathlib import Path

from mcpstore.hooks import MISSING, Edit
from mcpstore_plugins.mcp_json.document import FileDocument
from mcpstore_plugins.mcp_json.lock import Held, locked


async def write(path: Path, name: str, count: int) -> None:
    """Add `count` entries, and change and remove every other one of them."""
    document = FileDocument(str(path))
    for number in range(count // 2):
        entry = f"{name}-{number}"
        for value, expect in (({"n": number}, MISSING), ({"n": -number}, {"n": number})):
            await document.edit([Edit(path=("mcpServers", entry), value=value, expect=expect, entry=entry)])


def rename(path: Path) -> None:
    """Replace the file by a differently formatted one until standard input ends."""
    number = 0
    while not select.select([0], [], [], 0.005)[0]:
        # it takes the lock, because it writes the entire file and would undo concurrent changes
        with contextlib.suppress(Held), locked(str(path.parent)):
            number += 1
            data = json.loads(path.read_bytes()) | {"renamed": number}
            beside = path.with_name("editor~")
            beside.write_text(json.dumps(data, indent=number % 4 or None))
            beside.replace(path)
    print(number)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    if sys.argv[2] == "rename":
        rename(target)
    else:
        asyncio.run(write(target, sys.argv[2], int(sys.argv[3])))
