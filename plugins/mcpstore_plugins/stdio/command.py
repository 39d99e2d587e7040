"""Finding the program of a service, and telling people what to do when it cannot be started.

Nothing here or elsewhere in this transport runs a shell: a command is one program, looked up once.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mcpstore.errors import CommandNotFound, ConnectError, ConnectRefused, NotReady

__all__ = ["OUR_TROUBLE", "refusal", "resolve"]

_REMEDIES: Final = {
    "bun": "install Bun",
    "bunx": "install Bun, which brings bunx",
    "deno": "install Deno",
    "docker": "install Docker, and see that its command line is on PATH",
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
OUR_TROUBLE: Final = frozenset(
    {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETXTBSY}
)
"""Errors that say nothing about the service: the manager or the machine is short of something."""


def resolve(command: str, *, path: str, cwd: str) -> str:
    """Return the absolute path of a program.

    A command with a slash is a path, relative to the folder the service runs in; any other is looked up in the folders
    of `path`. An empty entry of `path` does not mean the current folder here.

    Raises:
        CommandNotFound: There is none, or none that may be executed; says what to do.
    """
    folders = [entry for entry in path.split(os.pathsep) if entry]
    found, flaw = _look(command, folders, cwd)
    if found:
        return found
    if flaw:
        raise CommandNotFound(f"command {command!r} cannot be executed: {flaw}; {_flaw_remedy(flaw)}")
    if "/" in command:
        where = f" (looked for in {cwd!r})" if not command.startswith(("/", "~")) else ""
        raise CommandNotFound(f"command {command!r} does not exist{where}; {_remedy(command, folders, cwd)}")
    count = f"{len(folders)} folder{'s' if len(folders) != 1 else ''} of PATH"
    raise CommandNotFound(f"command {command!r} was not found in the {count}; {_remedy(command, folders, cwd)}")


def refusal(error: OSError, program: str, args: Sequence[str]) -> ConnectError:
    """Return what to tell of a program that was found and could not be started."""
    if error.errno in OUR_TROUBLE:
        return NotReady(f"command {program!r} cannot be started now: {error.strerror}")
    if error.errno == errno.ENOEXEC:
        remedy = "let the script begin with #! and its interpreter, or make the interpreter the command"
        return CommandNotFound(f"command {program!r} is not a program this machine can run; {remedy}")
    if error.errno == errno.ENOENT:
        told = f"command {program!r} needs {_interpreter(program)}, which does not exist"
        return CommandNotFound(f"{told}; install it, or make another interpreter the command")
    if error.errno == errno.E2BIG:
        size = sum(map(len, args))
        return ConnectRefused(f"command {program!r} is given too much: {size} characters of arguments; shorten them")
    return CommandNotFound(f"command {program!r} cannot be executed: {error.strerror}; {_ELSEWHERE}")


def _look(command: str, folders: Sequence[str], cwd: str) -> tuple[str, str]:
    """Return the program, or else the flaw of the first thing that has its name."""
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
        return [Path(cwd, os.path.expanduser(command))]  # noqa: PTH111 - a ~ without a user stays what it is
    return [Path(cwd, folder, command) for folder in folders]


def _flaw_remedy(flaw: str) -> str:
    return (
        "name the program in it" if flaw.endswith("a folder") else "make it so with chmod +x, or name its interpreter"
    )


def _remedy(command: str, folders: Sequence[str], cwd: str) -> str:
    first, *rest = command.split()
    if rest and _look(first, folders, cwd)[0]:
        return f"there is {first!r}: put what follows it into args, one string per argument"
    name = Path(command).name
    if name in ("python", "pip") and _look(f"{name}3", folders, cwd)[0]:
        return f"there is {name + '3'!r}: write that"
    return _REMEDIES.get(name, f"install it, {_ELSEWHERE}" if "/" not in command else "correct the path")


def _interpreter(program: str) -> str:
    """Return the interpreter a script names in its first line."""
    try:
        with Path(program).open("rb") as script:
            line = script.readline(256)
    except OSError:
        line = b""
    words = line.removeprefix(b"#!").decode(errors="replace").split()
    return repr(words[0]) if line.startswith(b"#!") and words else "an interpreter"
