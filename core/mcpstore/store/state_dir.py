"""The folder of a running store: who owns it, where its manager listens, what may be forgotten.

Deleting it costs a slower first handshake, the past, and what was approved of tools: they are taken as they are then.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import logging
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from mcpstore.hooks.connection import Era
from mcpstore.runtime.protocol_cache import Eras
from mcpstore.storage.atomic import replace_file
from mcpstore.store.private_dir import ensure_private_dir

__all__ = ["StateDir", "default_state_dir", "socket_path"]

OWNER: Final = "owner"
ERAS: Final = "eras.json"
SOCKET: Final = "control.sock"
TRACES: Final = "traces"
PINS: Final = "pins"
BESIDE: Final = re.compile(r"-(\d+)-[0-9a-f]+")
"""What the name of a directory ends with that a second store takes."""

LONGEST_SOCKET: Final = 100
"""Bytes in the path of a unix socket: Linux takes 107, macOS 103."""

_log = logging.getLogger("mcpstore.store")


def default_state_dir(location: str) -> Path:
    """Return the state directory that belongs to a configuration."""
    from platformdirs import user_state_path  # noqa: PLC0415 - not needed where a directory is given

    place = location if "://" in location else os.path.realpath(Path(location).expanduser())
    return user_state_path("mcpstore") / hashlib.sha256(place.encode()).hexdigest()[:16]


class StateDir:
    """A state directory, owned while it is open. Everything here blocks: call it in a thread.

    One store owns a directory at a time; the kernel lets go of the lock even if the owner is killed. A second store
    takes a directory of its own for as long as it lives, and one that only passes by takes none: it must not be in the
    way of a manager that starts at that moment.

    Args:
        path: The directory wanted.
        passing: Whether the store is opened for the moment.

    Attributes:
        path: The directory used.
        is_owner: Whether it is the one that was wanted, and this store owns it.
    """

    def __init__(self, path: Path, *, passing: bool = False) -> None:
        self._wanted = path
        self._passing = passing
        self.path: Path = path
        self.is_owner: bool = False
        self._lock: int | None = None

    def open(self) -> None:
        """Take the directory, or one beside it.

        Raises:
            OSError: Neither can be made, or it cannot be trusted.
        """
        ensure_private_dir(self._wanted)
        if self._passing:
            return
        self.is_owner = self._take(self._wanted)
        if self.is_owner:
            self._clear_away()
        if not self.is_owner:
            self.path = self._wanted.with_name(f"{self._wanted.name}-{os.getpid()}-{id(self):x}")
            self._take(self.path)
            _log.info("%s is in use by another manager; %s is used meanwhile", self._wanted, self.path)

    def close(self) -> None:
        """Let go of it; one that nobody else finds is removed."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            if not self.is_owner:
                shutil.rmtree(self.path, ignore_errors=True)

    @property
    def socket(self) -> Path:
        """Where the manager of the configuration listens, whichever store that is."""
        return socket_path(self._wanted)

    @property
    def home(self) -> str:
        """What stands for the directory in the markers of connections, whichever store opens them."""
        return hashlib.sha256(os.fsencode(os.path.realpath(self._wanted))).hexdigest()[:12]

    @property
    def traces(self) -> Path:
        """Where all stores of the configuration write down what their connections have on this machine."""
        return self._wanted / TRACES

    @property
    def pins(self) -> Path:
        """Where all stores of the configuration keep what tools were when somebody approved them."""
        return self._wanted / PINS

    def read_eras(self) -> dict[str, Era]:
        """Return the protocol eras spoken last, by configuration; empty if they are unknown."""
        try:
            told = json.loads((self._wanted / ERAS).read_text("utf-8"))
            return {str(key): Era(value) for key, value in told.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def write_eras(self, eras: dict[str, Era]) -> None:
        """Add to the protocol eras spoken last; failing is no harm."""
        known = self.read_eras()
        if eras.items() <= known.items():
            return
        older = {key: era for key, era in known.items() if key not in eras}
        content = json.dumps(Eras(older | eras)).encode()
        try:
            replace_file(self._wanted / ERAS, content, prefix=f"{ERAS}.", durable=False)
        except OSError as error:
            _log.debug("%s cannot be written: %s", self._wanted / ERAS, error)

    def _clear_away(self) -> None:
        """Remove what stores left that were killed before they could: directories beside this one, half a file."""
        for path in self._wanted.glob(f"{ERAS}.*"):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for path in self._wanted.parent.glob(f"{glob.escape(self._wanted.name)}-*"):
            said = BESIDE.fullmatch(path.name.removeprefix(self._wanted.name))
            if said is None or path.is_symlink():
                continue
            with suppress(OSError):
                lock = os.open(path / OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.read(lock, 64) == f"{said[1]}\n".encode():  # or it is named so by chance
                        shutil.rmtree(path, ignore_errors=True)
                finally:
                    os.close(lock)

    def _take(self, path: Path) -> bool:
        ensure_private_dir(path)
        lock = os.open(path / OWNER, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock
        return True


def socket_path(state_dir: Path) -> Path:
    """Return where a manager listens; in a folder with a shorter name if its own is too long for a socket."""
    path = state_dir / SOCKET
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    key = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/mcpstore-{os.getuid()}") / f"{key}.sock"  # noqa: S108
