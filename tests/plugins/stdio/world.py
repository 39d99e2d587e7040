"""Processes for tests, and checks for remaining processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from uuid import uuid4

import attrs

from mcpstore.hooks import ClientEndpoint, Closing
from mcpstore_plugins.stdio.settings import StdioSettings

SERVER = Path(__file__).with_name("tiny_server.py")


@attrs.define
class World:
    """Settings and peer of a connection, and the resources that are left of it."""

    marker: str = attrs.field(factory=lambda: str(uuid4()))
    markers: set[str] = attrs.field(factory=set)
    stderr: list[str] = attrs.field(factory=list)
    notices: list[str] = attrs.field(factory=list)

    def settings(self, *args: str, **fields: object) -> StdioSettings:
        given = {"command": sys.executable, "args": ["-S", "-E", str(SERVER), *args], **fields}
        return StdioSettings.model_validate(given)

    def script(self, code: str, **fields: object) -> StdioSettings:
        return StdioSettings.model_validate({"command": sys.executable, "args": ["-S", "-E", "-c", code], **fields})

    def peer(self, **fields: object) -> ClientEndpoint:
        given = {
            "service": "tiny",
            "owner_tag": self.marker,
            "on_stderr": self.stderr.append,
            "on_notification": lambda method, _params: self.notices.append(method),
            "handshake_timeout": 60.0,
            "closing": Closing(polite=5.0, term=5.0, kill=5.0),
            **fields,
        }
        self.markers.add(given["owner_tag"])
        return ClientEndpoint(**given)

    def another(self, **fields: object) -> ClientEndpoint:
        """Return the peer of another connection, which may be open at the same time."""
        return self.peer(owner_tag=str(uuid4()), **fields)

    def left(self) -> list[int]:
        wanted = {f"MCPSTORE_MARKER={marker}".encode() for marker in self.markers}
        return [pid for pid in everyone() if not wanted.isdisjoint(environ(pid))]


def everyone() -> list[int]:
    return [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]


def environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def field(pid: int, number: int) -> str:
    """Return the fields after the name of a process in /proc: 0 is its state, 1 its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[number]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def state(pid: int) -> str:
    """Return the state letter of a process, "" if it does not exist."""
    return field(pid, 0)


def children() -> list[int]:
    """Return the children of this process, zombies included."""
    return sorted(pid for pid in everyone() if field(pid, 1) == str(os.getpid()))


def is_alive(pid: int) -> bool:
    return state(pid) not in ("", "Z", "X")


def threads(pid: int) -> int:
    """Return how many threads a process has; a zombie has one."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def open_files() -> list[str]:
    """Return the open files of this process, without those of the interpreter and the test runner."""
    return sorted(str(place.readlink()) for place in Path("/proc/self/fd").iterdir() if place.is_symlink())
