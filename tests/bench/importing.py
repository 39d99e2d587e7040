"""How long an import takes, in fresh interpreters, in turn."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from .result import Result, paired

ROUNDS = 7


def measure() -> list[Result]:
    codes = {
        "module": "import mcpstore",
        "store": "from mcpstore import MCPStore, AsyncMCPStore",
        "fastmcp": "from fastmcp import Client",
        "nothing": "pass",
    }
    taken: dict[str, list[float]] = {name: [] for name in codes}
    for turn in range(ROUNDS + 1):
        for name, code in codes.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            if turn:  # the first turn compiles
                taken[name].append(time.perf_counter() - began)
    bare = statistics.median(taken["nothing"])
    net = {name: [max(t - bare, 1e-4) for t in times] for name, times in taken.items()}
    theirs = statistics.median(net["fastmcp"])
    return [
        Result(
            what=f"`{codes[name]}` against `{codes['fastmcp']}`",
            ours=f"{statistics.median(net[name]) * 1000:.0f} ms",
            theirs=f"{theirs * 1000:.0f} ms",
            ratio=paired(net[name], net["fastmcp"]),
            aim=aim,
        )
        for name, aim in (("module", 0.25), ("store", None))
    ]
