"""Figures of floods: what it costs when a server writes and writes, and no line ever ends."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from mcpstore.errors import NotReady
from mcpstore.hooks import Closing, Peer
from mcpstore.wire.framing import Lines
from mcpstore_plugins.stdio.connection import connect
from mcpstore_plugins.stdio.settings import StdioSettings

from .figure import Part, Work

MIB = 1 << 20
PIECE = b"x" * 65536
SERVER = Path(__file__).parents[1] / "plugins" / "stdio" / "tiny_server.py"
FRAMES = (1, 4, 16, 64)
"""Lengths of a line, in MiB, allowed and then complete."""

STREAMS = (64, 256, 1024)
LONG_STREAMS = (64, 1024, 10240)
"""MiB that a server writes to stderr without ending its line."""

LINEAR = 2.0
"""How much dearer a MiB of the longest may be than one of the shortest; were it quadratic, it would be many times."""


def flood(work: Work) -> list[Part]:
    work.say("one line, longer and longer")
    per_mib = [_fed(size) for size in FRAMES]
    parts = [
        Part(
            what=f"cost of a MiB, line of {FRAMES[-1]} MiB over {FRAMES[0]} MiB",
            measured=per_mib[-1] / per_mib[0], aim=LINEAR, note=f"{per_mib[-1] * 1000:.2f} ms a MiB",
        )
    ]  # fmt: skip
    work.say("a server whose line does not end")
    cut, grown = asyncio.run(_watched(_cut))
    parts.append(Part(what="processor for a line that never ends", measured=cut, aim=1, unit="s", note="cut at 8 MiB"))
    parts.append(Part(what="memory for it, at its highest", measured=grown, aim=32, unit="MiB"))
    costs: list[float] = []
    most = 0.0
    sizes = LONG_STREAMS if work.long else STREAMS
    for size in sizes:
        work.say(f"{size} MiB on stderr without a newline")
        spent, grown = asyncio.run(_watched(lambda size=size: _drained(size)))
        costs.append(spent / size)
        most = max(most, grown)
    return [
        *parts,
        Part(
            what=f"cost of a MiB of stderr, {sizes[-1]:,} MiB over {sizes[0]:,}",
            measured=costs[-1] / costs[0], aim=LINEAR, note=f"{costs[-1] * 1000:.2f} ms a MiB",
        ),
        Part(what=f"memory for {sizes[-1]:,} MiB, at its highest", measured=most, aim=32, unit="MiB"),
    ]  # fmt: skip


def _fed(size: int) -> float:
    """Return the seconds of processor a MiB costs in a line of so many MiB, the best of five."""
    best = float("inf")
    for _ in range(5):
        lines = Lines((size + 1) * MIB)
        began = time.process_time()
        for _ in range(size * MIB // len(PIECE)):
            lines.feed(PIECE)
        assert lines.feed(b"\n")
        best = min(best, time.process_time() - began)
    return best / size


async def _cut() -> None:
    """Listen to a server that writes one line for ever, until it is cut off."""
    try:
        async with connect(_script(f"while True: os.write(1, b'x' * {len(PIECE)})"), _peer()):
            raise AssertionError("a line without end was taken for a server")
    except NotReady:
        pass


async def _drained(size: int) -> None:
    """Listen to a server that writes so many MiB to stderr, and then answers."""
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


def _peer() -> Peer:
    closing = Closing(polite=0.1, term=0.1, kill=15.0)
    return Peer(service="flood", marker=str(uuid4()), handshake_timeout=300.0, closing=closing)


async def _watched(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of processor something took this process, and how many MiB its memory grew at most."""
    before, highest = _resident(), 0

    async def look() -> None:
        nonlocal highest
        while True:
            highest = max(highest, _resident())
            await asyncio.sleep(0.01)

    looking = asyncio.create_task(look())
    began = time.process_time()
    await work()  # type: ignore[misc]  # it is a coroutine function
    spent = time.process_time() - began
    looking.cancel()
    return spent, max(0, max(highest, _resident()) - before) / MIB


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
