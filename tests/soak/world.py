"""The fleet of the soak test: a configuration, servers over HTTP, and ways to break all of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Self

import attrs

from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.store.state_dir import StateDir
from mcpstore.testing.faults import fault_entry

from .outside import Channel, Remote, unused_port

SERVER = Path(__file__).with_name("server.py")

QUICK = attrs.evolve(
    DEFAULT_TIMING.scaled(1 / 10),
    check_timeout=2.0, connect_timeout=5.0, slow_enter=1.0, slow_leave=0.8, close_kill=1.0, deadline_margin=2.0,
)  # fmt: skip
"""Ten times the normal speed (an hour contains the incidents of ten); limits that a busy machine exceeds are longer."""

KINDS = ("remote", "steady", "steady", "parent", "bad", "steady", "dependent", "steady")
"""Kinds of services, given to the services in turn."""

BAD = (
    fault_entry("--exit-after", 1),
    fault_entry("--never-answer", "all"),
    fault_entry("--chatter"),
    fault_entry("--refuse", "not today"),
    {"command": "/there/is/no/such/program"},
    fault_entry("--children", "session,daemon", "--exit-after", 2),
    fault_entry("--stderr-bytes", 1 << 20, "--die-on-call", 1),
)
"""Entries of services that never work for long."""

HANDSHAKE = {"timeouts": {"handshake": 3}}
"""A short limit, so that a server that never answers does not occupy its slot for a minute."""

SHARED = 4
"""Number of services of one HTTP server; they fail together."""


class World:
    """A configuration in a folder, and the servers of its entries.

    Args:
        folder: The folder.
        services: Number of services.
    """

    def __init__(self, folder: Path, services: int) -> None:
        self.path = folder / "mcp.json"
        self.state = folder / "state"
        self.home = StateDir(self.state).home
        self.channel = Channel()
        self._gate = folder / "gate"
        self.remotes: list[Remote] = []
        self.kinds: dict[str, str] = {f"s{n:02}": KINDS[n % len(KINDS)] for n in range(services)}
        self.entries: dict[str, Any] = {name: self._entry(name, n) for n, name in enumerate(self.kinds)}

    async def __aenter__(self) -> Self:
        self.write(self.entries)
        await self.restore()
        return self

    async def __aexit__(self, *_: object) -> None:
        for remote in self.remotes:
            await remote.kill()

    def names(self, *kinds: str) -> list[str]:
        """Return the services of some kinds."""
        return [name for name, kind in self.kinds.items() if kind in kinds]

    @property
    def good(self) -> list[str]:
        """The services that work unless they are broken."""
        return [name for name, kind in self.kinds.items() if kind != "bad"]

    def write(self, entries: dict[str, Any]) -> None:
        """Replace the configuration as an editor does."""
        fresh = self.path.with_suffix(".swp")
        fresh.write_text(json.dumps({"mcpServers": entries}, indent=2))
        fresh.replace(self.path)

    def read(self) -> dict[str, Any]:
        """Return the entries of the file; the initial ones if it cannot be read."""
        try:
            return json.loads(self.path.read_text())["mcpServers"]
        except (ValueError, LookupError):
            return dict(self.entries)

    async def break_down(self) -> None:
        """Prevent new openings, and kill the servers over HTTP."""
        self._gate.touch()
        for remote in self.remotes:
            await remote.kill()

    async def restore(self) -> None:
        """Allow openings again, and start the servers over HTTP."""
        self._gate.unlink(missing_ok=True)
        for remote in self.remotes:
            await remote.start()

    def local(self, *kinds: str) -> dict[str, Any]:
        """Return the entry of a working server with children of some kinds."""
        args = ["-S", "-E", str(SERVER), str(self._gate), *kinds]
        return {"command": sys.executable, "args": args, "mcpstore": HANDSHAKE}

    def _entry(self, name: str, number: int) -> dict[str, Any]:
        match self.kinds[name]:
            case "remote":
                turn = number // len(KINDS)
                if turn % SHARED == 0:
                    self.remotes.append(Remote("sse" if turn // SHARED % 2 else "http", unused_port()))
                remote = self.remotes[-1]
                return {"url": remote.url, "type": remote.way, "mcpstore": HANDSHAKE}
            case "parent":
                return self.local("session", "daemon")
            case "bad":
                return {**BAD[number // len(KINDS) % len(BAD)], "mcpstore": HANDSHAKE}
            case "dependent":
                return {**self.local(), "mcpstore": {**HANDSHAKE, "depends_on": [f"s{number - 1:02}"]}}
            case _:
                return self.local()
