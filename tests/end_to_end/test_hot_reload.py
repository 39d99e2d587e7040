"""An edit of the file restarts only the processes of the changed services."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore

NAMES = ("a", "b", "c", "d", "e")


def entry(name: str, *arguments: str) -> dict[str, Any]:
    return {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", name, *arguments], "env": {"X": "1"}}


async def processes(store: AsyncMCPStore) -> dict[str, int]:
    return {name: info.pid for name in NAMES if (info := await store.get_service_info(name)) is not None}


async def test_only_the_process_of_the_changed_entry_is_replaced(tmp_path: Path):
    path, other = tmp_path / "mcp.json", tmp_path / "other.json"
    path.write_text(json.dumps({"mcpServers": {name: entry(name) for name in NAMES}}))
    async with AsyncMCPStore(path, state_dir=tmp_path / "state") as store:
        for name in NAMES:
            assert await store.wait_service(name, timeout=60)
        before = await processes(store)
        changed = {name: dict(reversed(entry(name).items())) for name in reversed(NAMES)}
        changed["c"] = entry("c", "--lifetime", "3600")
        other.write_text(json.dumps({"mcpServers": changed}, indent=3))
        (tmp_path / "link").symlink_to(other)
        (tmp_path / "link").replace(path)
        async with asyncio.timeout(60):
            while (after := await processes(store))["c"] in (before["c"], None):
                await asyncio.sleep(0.02)
        assert await store.wait_service("c", timeout=60)
        os.utime(other)
        assert {name: pid for name, pid in after.items() if name != "c"} == {
            name: pid for name, pid in before.items() if name != "c"
        }
        with pytest.raises(ProcessLookupError):
            os.kill(before["c"], 0)
