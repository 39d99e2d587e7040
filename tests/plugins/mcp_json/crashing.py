"""Saves that are killed or fail at every call, and the file that each of them leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

CHILD = str(Path(__file__).with_name("saving_child.py"))
OLD = b'{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x"}\n  }\n}\n'
NEW = b'{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x"},\n    "b": {"command": "y"}\n  }\n}\n'

IRRELEVANT = {"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "exit_group", "futex", "rt_sigtimedwait"}
"""Memory calls: Python ends the process when they fail, which equals a kill."""

HAS_STRACE = shutil.which("strace") is not None


@attrs.frozen
class Point:
    """An injected fault in a system call of a save.

    Attributes:
        fault: The fault.
        where: The call.
        code: Exit code of the saving process: 0 if it reported success, 1 if it reported an error.
        left: Content of the file afterwards.
    """

    fault: str
    where: str
    code: int
    left: bytes

    @property
    def is_torn(self) -> bool:
        """Whether the file is neither the old nor the new one, or differs from the reported outcome."""
        return self.left not in (OLD, NEW) or (self.code == 0 and self.left != NEW)


class Served:
    """A process that forks a saving child on request."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def fork(self) -> int:
        """Return the process id of a waiting child."""
        assert self.process.stdin is not None
        self.process.stdin.write(b".")
        self.process.stdin.flush()
        return self.number()

    def number(self) -> int:
        """Return the next number that the process prints; after a process id it is an exit code."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@contextmanager
def serving(*command: str) -> Iterator[Served]:
    """Start a program that forks a child for each byte it reads."""
    with subprocess.Popen([sys.executable, *command], stdin=-1, stdout=-1, stderr=subprocess.DEVNULL) as process:
        yield Served(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def under_strace(served: Served, log: Path, *options: str) -> int:
    """Run a save of a child under strace, and return its exit code."""
    pid = served.fork()
    command = ["strace", "-qq", "-o", str(log), "-p", str(pid), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text():
            if strace.poll() is not None:
                os.kill(pid, signal.SIGKILL)
                served.number()
                assert strace.stderr is not None
                pytest.skip(f"strace may not attach here: {strace.stderr.read().strip()}")
        os.kill(pid, signal.SIGUSR1)
        code = served.number()
        strace.wait(30)
    return code


def calls_in(log: Path) -> Counter[str]:
    """Return the number of occurrences of each system call in a log of strace."""
    return Counter(match[1] for line in log.read_text().splitlines() if (match := re.match(r"(\w+)\(", line)))


def system_calls(folder: Path) -> Iterator[Point]:
    """Kill and fail every system call of a save; check that the next save removes temporary files."""
    home, log = folder / "home", folder / "log"
    home.mkdir()
    path = home / "mcp.json"
    with serving(CHILD, "serve", str(home)) as served:
        path.write_bytes(OLD)
        assert under_strace(served, log) == 0
        calls = calls_in(log)
        assert calls["fsync"] == 2
        for call in sorted(set(calls) - IRRELEVANT):
            fills_disk = call.startswith(("open", "write", "fsync", "rename", "close"))
            for nth in range(1, calls[call] + 1):
                for fault in ("signal=KILL", "error=EIO", *(["error=ENOSPC"] if fills_disk else [])):
                    path.write_bytes(OLD)
                    code = under_strace(served, log, "-e", f"inject={call}:{fault}:when={nth}")
                    yield Point(fault, f"{call} number {nth}", code, path.read_bytes())
        path.write_bytes(OLD)
        os.kill(served.fork(), signal.SIGUSR1)
        assert served.number() == 0
    assert path.read_bytes() == NEW
    assert [entry.name for entry in home.iterdir()] == ["mcp.json"]


def python_calls(folder: Path) -> list[dict[str, Any]]:
    """Kill, fail or truncate every Python call of a save; return the outcome of each, as reported by the child."""
    home = folder / "home"
    home.mkdir()
    done = subprocess.run([sys.executable, CHILD, "sweep", str(home)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
