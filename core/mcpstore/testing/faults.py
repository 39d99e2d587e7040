"""Starting the fault server from tests."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs

__all__ = ["FaultProcess", "fault_command", "fault_entry", "fault_process"]

START_LIMIT: Final = 30.0
"""Seconds a fault server may take to start on a machine that is busy."""


@attrs.frozen(kw_only=True)
class FaultProcess:
    """A fault server that listens.

    Attributes:
        port: Where it listens, on 127.0.0.1; 0 on a unix socket.
        pid: The number of its process.
        kill: Ends it at once.
    """

    port: int
    pid: int
    kill: Any = attrs.field(repr=False)


def fault_command(*flags: object) -> list[str]:
    """Return the command that starts a fault server.

    Args:
        flags: What to do wrong, as `python -m mcpstore.testing.fault_server --help` lists it.
    """
    return [sys.executable, "-m", "mcpstore.testing.fault_server", *map(str, flags)]


def fault_entry(*flags: object) -> dict[str, Any]:
    """Return the entry of a stdio service that misbehaves, as it stands in an mcp.json.

    Args:
        flags: What to do wrong.
    """
    command, *args = fault_command(*flags)
    return {"command": command, "args": args}


@asynccontextmanager
async def fault_process(*flags: object) -> AsyncGenerator[FaultProcess]:
    """Run a fault server that listens on a socket, and end it when the block is left.

    Args:
        flags: What to do wrong, and where to listen: `"--http", 0`, `"--sse", 0`, `"--tcp", 0` or `"--unix", path`.
    """
    process = await asyncio.create_subprocess_exec(*fault_command(*flags), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 - it was asked for

    def kill() -> None:
        if process.returncode is None:
            process.kill()

    try:
        async with asyncio.timeout(START_LIMIT):
            told = json.loads(await process.stdout.readline())
        yield FaultProcess(port=told.get("port", 0), pid=process.pid, kill=kill)
    finally:
        kill()
        await process.wait()
