"""Start the fault server from a test."""

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
"""Time a fault server may take to start on a busy machine, in seconds."""


@attrs.frozen(kw_only=True)
class FaultProcess:
    """A running fault server.

    Attributes:
        port: TCP port on 127.0.0.1; 0 for a unix socket.
        pid: Process id.
        kill: Kills the process.
    """

    port: int
    pid: int
    kill: Any = attrs.field(repr=False)


def fault_command(*flags: object) -> list[str]:
    """Return the command that starts a fault server.

    Args:
        flags: Faults, as listed by `python -m mcpstore.testing.fault_server --help`.
    """
    return [sys.executable, "-m", "mcpstore.testing.fault_server", *map(str, flags)]


def fault_entry(*flags: object) -> dict[str, Any]:
    """Return the mcp.json entry of a stdio service with faults.

    Args:
        flags: Faults of the server.
    """
    command, *args = fault_command(*flags)
    return {"command": command, "args": args}


@asynccontextmanager
async def fault_process(*flags: object) -> AsyncGenerator[FaultProcess]:
    """Run a fault server on a socket; the end of the block kills it.

    Args:
        flags: Faults, and where to listen: `"--http", 0`, `"--sse", 0`, `"--tcp", 0` or `"--unix", path`.
    """
    process = await asyncio.create_subprocess_exec(*fault_command(*flags), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 - stdout=PIPE is passed above

    def kill() -> None:
        if process.returncode is None:
            process.kill()

    try:
        async with asyncio.timeout(START_LIMIT):
            address = json.loads(await process.stdout.readline())
        yield FaultProcess(port=address.get("port", 0), pid=process.pid, kill=kill)
    finally:
        kill()
        await process.wait()
