"""Faults of the process itself, whatever it serves."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, NoReturn

from mcpstore.testing.fault_server.options import Options

__all__ = ["linger", "misbehave"]

LIFETIME: Final = 300.0
"""Time after which a lingering process exits, in seconds: a failed test must not leave it for ever."""


def misbehave(options: Options) -> None:
    """Start the faults that do not depend on messages."""
    if options.say:
        os.write(2, options.say.encode() + b"\n")
    if options.ignore_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _have_children(options.children)
    _flood_stderr(options.stderr_bytes)
    _held_open.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(options.open_files))
    if options.exit_after is not None:
        _in_background(partial(_exit_later, options.exit_after, options.exit_code))
    if options.leak:
        _in_background(partial(_leak, options.leak))


def linger() -> NoReturn:
    """Keep running, for `LIFETIME` at most."""
    time.sleep(LIFETIME)
    os._exit(0)


_held_open: Final[list[int]] = []


def _flood_stderr(size: int) -> None:
    block = (b"x" * 99 + b"\n") * 100
    while size > 0:
        size -= os.write(2, block[:size])


def _exit_later(seconds: float, code: int) -> None:
    time.sleep(seconds)
    os._exit(code)


def _leak(mebibytes: float) -> None:
    taken: list[bytes] = []
    while True:
        taken.append(b"x" * int(mebibytes * (1 << 20)))
        time.sleep(1.0)


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _have_children(kinds: tuple[str, ...]) -> None:
    """Fork, and wait until every child is set up."""
    heard, ready = os.pipe()
    for kind in kinds:
        if os.fork() == 0:
            _be_child(kind, ready)
        if kind == "daemon":
            os.wait()
    for _ in kinds:
        os.read(heard, 1)
    os.close(heard)
    os.close(ready)


def _be_child(kind: str, ready: int) -> NoReturn:
    if kind in ("session", "daemon", "respawning"):
        os.setsid()
    if kind == "daemon" and os.fork():
        os._exit(0)
    if kind == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind == "respawning":
        _respawn(ready)
    os.write(ready, b".")
    linger()


def _respawn(ready: int) -> NoReturn:
    until = time.monotonic() + LIFETIME
    is_first = True
    while time.monotonic() < until:
        if os.fork() == 0:
            linger()
        if is_first:
            os.write(ready, b".")
            is_first = False
        os.wait()
    os._exit(0)
