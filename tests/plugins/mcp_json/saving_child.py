"""A program that saves one edit, with a fault in the k-th system call.

Run as `saving_child.py sweep DIRECTORY`: injects every fault into every call that Python makes, and prints a line
of JSON with the outcome of each. Run as `saving_child.py serve DIRECTORY`: forks a child per byte of input, which
prints its process id and saves when it receives SIGUSR1, so that a tracer can attach before.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcpstore.errors import ConfigError
from mcpstore.hooks import Edit
from mcpstore_plugins.mcp_json.content import edited
from mcpstore_plugins.mcp_json.document import FileDocument

OLD = b'{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x"}\n  }\n}\n'
NEW = b'{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x"},\n    "b": {"command": "y"}\n  }\n}\n'
MADE = b'{\n  "mcpServers": {\n    "b": {\n      "command": "y"\n    }\n  }\n}\n'
NEXT = NEW.replace(b'"y"', b'"z"')

CALLS = (
    *("open", "read", "write", "fsync", "close", "replace", "unlink", "stat", "lstat", "fstat", "readlink"),
    *("fchmod", "fchown", "listdir", "access", "mkdir", "urandom"),
)


class Fault:
    """Counts system calls, and injects a fault into the k-th one."""

    def __init__(self, at: int, how: str) -> None:
        self.at = at
        self.how = how
        self.count = 0
        self.call = ""

    def arm(self) -> None:
        for name in CALLS:
            setattr(os, name, self.wrap(name, getattr(os, name)))
        fcntl.flock = self.wrap("flock", fcntl.flock)

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            self.count += self.how != "short" or name == "write"
            if self.count != self.at or self.call:
                return call(*args, **options)
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            self.call = name
            if self.how == "short":
                return call(args[0], args[1][: len(args[1]) // 2])
            if name == "close":
                call(*args)  # the kernel closes a descriptor even when it reports an error
            raise OSError(getattr(errno, self.how), f"injected into {name}")

        return wrapped


def save(path: Path, command: str) -> int:
    """Save an edit; return 0 if the save reports success, 1 if it reports an error."""
    try:
        FileDocument(str(path))._edit([Edit(path=("mcpServers", "b"), value={"command": command}, entry="b")])
    except ConfigError as error:
        text = str(error)
        return 1 if text.startswith(str(path)) and "; " in text else 2
    return 0


def in_a_child(work: Callable[[], int]) -> int:
    """Return the exit code of a forked child, or minus the signal that ended it."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def left_of(path: Path) -> str:
    if not path.exists():
        return "nothing"
    known = {OLD: "old", NEW: "new", NEXT: "next", MADE: "new", MADE.replace(b'"y"', b'"z"'): "next"}
    return known.get(path.read_bytes(), f"torn: {path.read_bytes()!r}")


def beside(path: Path) -> int:
    return len(list(path.parent.iterdir())) - path.exists() if path.parent.exists() else 0


def sweep(directory: Path) -> None:
    for how in ("kill", "EIO", "ENOSPC", "short"):
        sweep_of(directory / "mcp.json", how, is_there=True)
    for how in ("kill", "EIO"):
        sweep_of(directory / "new" / "mcp.json", how, is_there=False)


def sweep_of(path: Path, how: str, *, is_there: bool) -> None:
    report = path.with_name("report") if is_there else path.parent.with_name("report")
    at = 0
    reached = True
    while reached:
        at += 1
        if is_there:
            path.write_bytes(OLD)
        else:
            shutil.rmtree(path.parent, ignore_errors=True)
        report.write_text("?")

        def work(at: int = at) -> int:
            fault = Fault(at, how)
            fault.arm()
            code = save(path, "y")
            fault.at = 0
            report.write_text(fault.call)
            return code

        code = in_a_child(work)
        call = report.read_text()
        report.unlink()
        reached = code == -signal.SIGKILL or bool(call)
        now = {"how": how, "is_there": is_there, "at": at, "call": call, "code": code, "left": left_of(path)}
        now["beside"] = beside(path)
        now["next"] = save(path, "z")
        print(json.dumps(now | {"then": left_of(path), "beside_then": beside(path)}))


def serve(directory: Path) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    while os.read(0, 1):
        path = directory / "mcp.json"

        def work(path: Path = path) -> int:
            os.write(1, b"%d\n" % os.getpid())
            signal.sigwait([signal.SIGUSR1])
            return save(path, "y")

        os.write(1, b"%d\n" % in_a_child(work))


if __name__ == "__main__":
    # late imports are done now, so that the calls of a child are only those of saving
    edited(OLD, [Edit(path=("mcpServers", "b"), value={"command": "y"})], "mcp.json", "mcp.json")
    {"sweep": sweep, "serve": serve}[sys.argv[1]](Path(sys.argv[2]))
