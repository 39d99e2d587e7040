"""A save that is killed, or fails, at every system call there is: the file is the old one or the new one."""

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

import pytest

CHILD = str(Path(__file__).with_name("saving_child.py"))
OLD = b'{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x"}\n  }\n}\n'
NEW = b'{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x"},\n    "b": {"command": "y"}\n  }\n}\n'

IRRELEVANT = {"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "exit_group", "futex", "rt_sigtimedwait"}
"""Calls that ask for memory: Python ends the process when they fail, which is what being killed is."""


@pytest.mark.timeout(300)
def test_no_call_of_python_can_tear_the_file_when_it_is_killed_or_fails(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run([sys.executable, CHILD, "sweep", str(home)], capture_output=True, text=True, check=True)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    calls = Counter(report["call"] for report in reports if report["how"] == "EIO")
    assert {"open", "write", "fsync", "close", "replace", "flock", "listdir", "fchmod", "mkdir"} <= set(calls)
    for report in reports:
        assert report["left"] in {"old" if report["is_there"] else "nothing", "new"}, report
        # an error removes what was begun; a killed process cannot, but the next one does
        assert report["beside"] == 0 or report["how"] == "kill", report
        assert (report["next"], report["then"], report["beside_then"]) == (0, "next", 0), report
        if report["code"] == 0:
            assert report["left"] == "new", report
        elif report["left"] == "new" and report["how"] != "kill":
            # the file is in place, and only its entry in the directory may not be on the disk yet
            assert report["call"] == "fsync", report
        assert report["code"] in {0, 1, -signal.SIGKILL}, report
    assert {report["left"] for report in reports if report["how"] == "kill"} == {"old", "new", "nothing"}
    assert all(report["code"] == 0 for report in reports if report["how"] == "short")


class Served:
    """A process that forks a saving child whenever it is asked."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def fork(self) -> int:
        """Return the process id of a child that waits."""
        assert self.process.stdin is not None
        self.process.stdin.write(b".")
        self.process.stdin.flush()
        return self.number()

    def number(self) -> int:
        """Return the next number the process tells; after a process id that is an exit code."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    command = [sys.executable, CHILD, "serve", str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Served(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def under_strace(served: Served, log: Path, *options: str) -> int:
    """Let a child save under strace, and return its exit code."""
    pid = served.fork()
    command = ["strace", "-qq", "-o", str(log), "-p", str(pid), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        while not is_traced(pid):
            if strace.poll() is not None:
                os.kill(pid, signal.SIGKILL)
                served.number()
                assert strace.stderr is not None
                pytest.skip(f"strace may not attach here: {strace.stderr.read().strip()}")
        os.kill(pid, signal.SIGUSR1)
        code = served.number()
        strace.wait(30)
    return code


def is_traced(pid: int) -> bool:
    return "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text()


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.timeout(300)
def test_no_system_call_can_tear_the_file_when_it_is_killed_or_fails(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    path = home / "mcp.json"
    log = tmp_path / "log"
    outcomes: Counter[tuple[str, bool, int]] = Counter()
    with serving(home) as served:
        path.write_bytes(OLD)
        assert under_strace(served, log) == 0
        calls = Counter(found[1] for line in log.read_text().splitlines() if (found := re.match(r"(\w+)\(", line)))
        assert calls["fsync"] == 2
        for call in sorted(set(calls) - IRRELEVANT):
            for nth in range(1, calls[call] + 1):
                fills_disk = call.startswith(("open", "write", "fsync", "rename", "close"))
                for fault in ("signal=KILL", "error=EIO", *(["error=ENOSPC"] if fills_disk else [])):
                    path.write_bytes(OLD)
                    code = under_strace(served, log, "-e", f"inject={call}:{fault}:when={nth}")
                    left = path.read_bytes()
                    point = f"{fault} at {call} number {nth}: {code}, {left!r}"
                    assert left in {OLD, NEW}, point
                    assert code != 0 or left == NEW, point
                    assert code in {0, 1} or fault == "signal=KILL", point
                    outcomes[fault, left == NEW, code] += 1
        # whatever was left lying about is swept away by the next save that succeeds
        path.write_bytes(OLD)
        os.kill(served.fork(), signal.SIGUSR1)
        assert served.number() == 0
    assert path.read_bytes() == NEW
    assert [entry.name for entry in home.iterdir()] == ["mcp.json"]
    assert outcomes["signal=KILL", False, -signal.SIGKILL] > 5
    assert outcomes["signal=KILL", True, -signal.SIGKILL] > 1
    assert outcomes["error=ENOSPC", False, 1] > 5
