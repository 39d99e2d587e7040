"""Lookup of a service's program, and the errors of programs that cannot be started.

The transport never runs a shell: a command is one program, looked up once.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mcpstore.errors import CommandNotFound, ConnectError, ConnectRefused, NotReady

__all__ = ["RESOURCE_ERRNOS", "resolve", "start_error"]

_REMEDIES: Final = {
    "bun": "install Bun",
    "bunx": "install Bun, which brings bunx",
    "deno": "install Deno",
    "docker": "install Docker, and check that its command line is on PATH",
    "node": "install Node.js",
    "npm": "install Node.js, which brings npm",
    "npx": "install Node.js, which brings npx",
    "pipx": "install it: pip install pipx",
    "pnpm": "install it: corepack enable pnpm",
    "podman": "install Podman",
    "uv": "install it: pip install uv",
    "uvx": "install uv, which brings uvx: pip install uv",
    "yarn": "install it: corepack enable yarn",
}
_ELSEWHERE: Final = "give its full path, or add its folder to PATH in env"
RESOURCE_ERRNOS: Final = frozenset(
    {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETXTBSY}
)
"""Error numbers of a manager or machine short of resources; they say nothing about the service."""


def resolve(command: str, *, path: str, cwd: str) -> str:
    """Return the absolute path of a program.

    A command with a slash is a path, relative to the working directory of the service. Any other command is looked up
    in the folders of `path`. An empty entry of `path` is ignored; it does not mean the current folder.

    Raises:
        CommandNotFound: No such program exists, or it is not executable. The message says what to do.
    """
    folders = [entry for entry in path.split(os.pathsep) if entry]
    program, flaw = _look_up(command, folders, cwd)
    if program:
        return program
    if flaw:
        raise CommandNotFound(f"command {command!r} cannot be executed: {flaw}; {_flaw_remedy(flaw)}")
    if "/" in command:
        where = f" (looked for in {cwd!r})" if not command.startswith(("/", "~")) else ""
        raise CommandNotFound(f"command {command!r} does not exist{where}; {_remedy(command, folders, cwd)}")
    count = f"{len(folders)} folder{'s' if len(folders) != 1 else ''} of PATH"
    raise CommandNotFound(f"command {command!r} was not found in the {count}; {_remedy(command, folders, cwd)}")


def start_error(error: OSError, program: str, args: Sequence[str]) -> ConnectError:
    """Return the error for a program that was found but could not be started."""
    if error.errno in RESOURCE_ERRNOS:
        return NotReady(f"command {program!r} cannot be started now: {error.strerror}")
    if error.errno == errno.ENOEXEC:
        remedy = "begin the script with #! and its interpreter, or make the interpreter the command"
        return CommandNotFound(f"command {program!r} is not a program that this machine can run; {remedy}")
    if error.errno == errno.ENOENT:
        problem = f"command {program!r} needs {_interpreter(program)}, which does not exist"
        return CommandNotFound(f"{problem}; install it, or make another interpreter the command")
    if error.errno == errno.E2BIG:
        size = sum(map(len, args))
        return ConnectRefused(f"arguments of command {program!r} are too long (got {size} characters); shorten them")
    return CommandNotFound(f"command {program!r} cannot be executed: {error.strerror}; {_ELSEWHERE}")


def _look_up(command: str, folders: Sequence[str], cwd: str) -> tuple[str, str]:
    """Return the path of the program; if there is none, the flaw of the first file or folder with its name."""
    flaw = ""
    for candidate in _candidates(command, folders, cwd):
        if candidate.is_dir():
            flaw = flaw or f"{str(candidate)!r} is a folder"
        elif os.access(candidate, os.X_OK):
            return str(candidate), ""
        elif candidate.exists():
            flaw = flaw or f"{str(candidate)!r} is not executable"
    return "", flaw


def _candidates(command: str, folders: Sequence[str], cwd: str) -> list[Path]:
    if "/" in command:
        return [Path(cwd, os.path.expanduser(command))]  # noqa: PTH111 - leaves the ~ of an unknown user unchanged
    return [Path(cwd, folder, command) for folder in folders]


def _flaw_remedy(flaw: str) -> str:
    return (
        "name a program in it"
        if flaw.endswith("a folder")
        else "run chmod +x on it, or make its interpreter the command"
    )


def _remedy(command: str, folders: Sequence[str], cwd: str) -> str:
    first, *rest = command.split()
    if rest and _look_up(first, folders, cwd)[0]:
        return f"make {first!r} the command, and put the other words into args, one string per argument"
    name = Path(command).name
    if name in ("python", "pip") and _look_up(f"{name}3", folders, cwd)[0]:
        return f"make {name + '3'!r} the command"
    return _REMEDIES.get(name, f"install it, {_ELSEWHERE}" if "/" not in command else "correct the path")


def _interpreter(program: str) -> str:
    """Return the interpreter that the first line of a script names."""
    try:
        with Path(program).open("rb") as script:
            line = script.readline(256)
    except OSError:
        line = b""
    words = line.removeprefix(b"#!").decode(errors="replace").split()
    return repr(words[0]) if line.startswith(b"#!") and words else "an interpreter"
