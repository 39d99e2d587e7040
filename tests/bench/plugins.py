"""What fifty installed plugins cost a command that needs none of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .result import Result, paired

ROUNDS = 9
PLUGINS = 50
FAMILIES = [
    ("mcpstore_transports", "Transport(name=NAME, config=Settings, connect=act)"),
    ("mcpstore_health_strategies", "HealthStrategy(name=NAME, config=Settings, probe=act)"),
    ("mcpstore_alert_handlers", "AlertHandler(name=NAME, config=Settings, send=act)"),
    ("mcpstore_recovery_policies", "RecoveryPolicy(name=NAME, config=Settings, decide=act)"),
    ("mcpstore_persistence_backends", "PersistenceBackend(name=NAME, claims=bool, open=act)"),
]
SOURCE = """
import {imported}
from pydantic import BaseModel
from mcpstore.hooks import *

NAME = {name!r}

class Settings(BaseModel, extra="forbid"):
    url: str
    seconds: float = 1.0
    names: list[str] = []

async def act(*_): ...

@hookimpl
def {hook}():
    yield {record}
"""
IMPORTED = ["sqlite3", "xml.dom.minidom", "http.client", "smtplib", "decimal"]
"""What they import besides: about as much as a small client library."""


def measure(folder: Path) -> list[Result]:
    site = folder / "site"
    site.mkdir()
    for number in range(PLUGINS):
        _install(site, number)
    (folder / "mcp.json").write_text('{"mcpServers": {}}')
    bare = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    environments = {"first": {**bare, "PYTHONPATH": str(site)}, "many": {**bare, "PYTHONPATH": str(site)}, "none": bare}
    taken: dict[str, list[float]] = {name: [] for name in environments}
    for turn in range(ROUNDS + 1):
        for name, environment in environments.items():
            if name == "first":
                for remembered in (folder / "cache").rglob("*.json"):
                    remembered.unlink()
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "mcpstore", "list"], cwd=folder, env=environment, check=True, capture_output=True
            )
            if turn:  # the first turn compiles
                taken[name].append(time.perf_counter() - began)
    theirs = f"{statistics.median(taken['none']) * 1000:.0f} ms"
    return [
        Result(
            what=f"`mcpstore list` with {PLUGINS} plugins installed, {what}, against none",
            ours=f"{statistics.median(taken[name]) * 1000:.0f} ms",
            theirs=theirs,
            ratio=paired(taken[name], taken["none"]),
            aim=aim,
        )
        for name, what, aim in (("many", "known", 1.3), ("first", "seen for the first time", None))
    ]


def _install(site: Path, number: int) -> None:
    name = f"acme_{number}"
    hook, record = FAMILIES[number % len(FAMILIES)]
    imported = IMPORTED[number % len(IMPORTED)]
    (site / f"{name}.py").write_text(SOURCE.format(name=name, hook=hook, record=record, imported=imported))
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{number}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mcpstore.plugins]\n{name} = {name}\n")
