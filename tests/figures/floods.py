"""Figures of output floods: cost of a server that writes lines without an end."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

from mcpstore.errors import NotReady
from mcpstore.hooks import ClientEndpoint, Closing
from mcpstore.wire.message import LineSplitter
from mcpstore_plugins.stdio.connection import connect
from mcpstore_plugins.stdio.settings import StdioSettings

from .figure import Part, Work

MIB = 1 << 20
PIECE = b"x" * 65536
SERVER = Path(__file__).parents[1] / "plugins" / "stdio" / "tiny_server.py"
FRAMES = (8, 16, 32, 64)
"""Lengths of a complete line, in MiB; the first is the longest that a service may send."""

STREAMS = (64, 256, 1024)
LONG_STREAMS = (64, 1024, 10240)
"""MiB that a server writes to stderr without ending its line."""

LINEAR = 2.0
"""Maximum ratio of the costs of a MiB in the longest and the shortest line; quadratic cost would exceed it."""


def flood(work: Work) -> list[Part]:
    work.say("a server whose line does not end")
    cut, grown = asyncio.run(_watched(_cut))  # first, because the process has free memory later
    parts = [
        Part(what="processor for a line that never ends", measured=cut, aim=1, unit="s", note="cut at 8 MiB"),
        Part(what="memory for it, at its highest", measured=grown, aim=32, unit="MiB"),
    ]
    costs: list[float] = []
    most = 0.0
    sizes = LONG_STREAMS if work.long else STREAMS
    for size in sizes:
        work.say(f"{size} MiB on stderr without a newline")
        spent, grown = asyncio.run(_watched(lambda size=size: _drained(size)))
        costs.append(spent / size)
        most = max(most, grown)
    work.say("one line, longer and longer")
    per_mib = [_fed(size) for size in FRAMES]
    return [
        *parts,
        Part(what=f"memory for {sizes[-1]:,} MiB on stderr, at its highest", measured=most, aim=32, unit="MiB"),
        Part(
            what=f"cost of a MiB of stderr, {sizes[-1]:,} MiB over {sizes[0]:,}",
            measured=costs[-1] / costs[0], aim=LINEAR, note=f"{costs[-1] * 1000:.2f} ms a MiB",
        ),
        Part(
            what=f"cost of a MiB, line of {FRAMES[-1]} MiB over {FRAMES[0]} MiB",
            measured=per_mib[-1] / per_mib[0], aim=LINEAR, note=f"{per_mib[-1] * 1000:.2f} ms a MiB",
        ),
    ]  # fmt: skip


def _fed(size: int) -> float:
    """Return the CPU time for each MiB of a line of a given size, in seconds; the best of five runs."""
    best = float("inf")
    for _ in range(5):
        lines = LineSplitter((size + 1) * MIB)
        began = time.process_time()
        for _ in range(size * MIB // len(PIECE)):
            lines.feed(PIECE)
        assert lines.feed(b"\n")
        best = min(best, time.process_time() - began)
    return best / size


async def _cut() -> None:
    """Read from a server that writes one line for ever, until the connection is closed."""
    try:
        async with connect(_script(f"while True: os.write(1, b'x' * {len(PIECE)})"), _peer()):
            raise AssertionError("a line without end was taken for a server")
    except NotReady:
        pass


async def _drained(size: int) -> None:
    """Read from a server that writes a number of MiB to stderr, and then answers."""
    code = f"""
block = b"x" * {len(PIECE)}
for _ in range({size * MIB // len(PIECE)}):
    os.write(2, block)
sys.argv = ["tiny"]
exec(open({str(SERVER)!r}).read())
"""
    async with connect(_script(code), _peer()) as connection:
        assert await connection.request("ping") == {}


def _script(code: str) -> StdioSettings:
    args = ["-S", "-E", "-c", f"import os, sys\n{code}"]
    return StdioSettings.model_validate({"command": sys.executable, "args": args})


def _peer() -> ClientEndpoint:
    closing = Closing(polite=0.1, term=0.1, kill=15.0)
    return ClientEndpoint(service="flood", owner_tag=str(uuid4()), handshake_timeout=300.0, closing=closing)


async def _watched(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return the CPU time of a piece of work, in seconds, and the maximum growth of the memory, in MiB."""
    _forget_the_highest()
    before, began = _memory("VmRSS"), time.process_time()
    await work()
    return time.process_time() - began, max(0.0, _memory("VmHWM") - before)


def _forget_the_highest() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _memory(name: str) -> float:
    """Return a figure of the memory of this process, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
