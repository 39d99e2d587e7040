"""The state directory of a store: its owner, its control socket, alerts, history, and records of processes.

If it is deleted, these are lost: past and undelivered alerts, silences, the history of metrics and states, and the
protocol that each server speaks. Approvals of tools are kept elsewhere; see `mcpstore.store.approvals_dir`.
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

__all__ = ["StateDir", "configuration_key", "default_state_dir", "socket_path"]

OWNER: Final = "owner"
ERAS: Final = "eras.json"
SOCKET: Final = "control.sock"
TRACES: Final = "traces"
OLD_PINS: Final = "pins"
"""Folder in which version 0.1 kept approvals of tools."""

BESIDE: Final = re.compile(r"-(\d+)-[0-9a-f]+")
"""End of the name of the directory that a second store uses."""

LONGEST_SOCKET: Final = 100
"""Maximum length of the path of a unix socket, in bytes: Linux accepts 107, macOS 103."""

_log = logging.getLogger("mcpstore.store")


def default_state_dir(location: str) -> Path:
    """Return the state directory that belongs to a configuration."""
    from platformdirs import user_state_path  # noqa: PLC0415 - not needed where a directory is given

    return user_state_path("mcpstore") / configuration_key(location)


def configuration_key(location: str) -> str:
    """Return 16 hexadecimal digits that identify a configuration by its location."""
    place = location if "://" in location else os.path.realpath(Path(location).expanduser())
    return hashlib.sha256(place.encode()).hexdigest()[:16]


class StateDir:
    """A state directory, owned while it is open. Everything here blocks: call it in a thread.

    One store owns a directory at a time; its lock ends with its process, even if that is killed. A second store uses a
    temporary directory beside it. A store that is opened for one command only owns none, so that a manager that starts
    at the same time can own it.

    Args:
        path: The directory.
        passing: Whether the store is opened for one command only.

    Attributes:
        path: The directory in use.
        is_owner: Whether this store owns the directory that was asked for.
    """

    def __init__(self, path: Path, *, passing: bool = False) -> None:
        self._wanted = path
        self._passing = passing
        self.path: Path = path
        self.is_owner: bool = False
        self._lock: int | None = None

    def open(self) -> None:
        """Take ownership of the directory, or of one beside it.

        Raises:
            OSError: Neither can be created, or the directory cannot be trusted.
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
            _log.info("%s is in use by another manager; using %s", self._wanted, self.path)

    def close(self) -> None:
        """Release the directory; a temporary one is removed."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            if not self.is_owner:
                shutil.rmtree(self.path, ignore_errors=True)

    @property
    def socket(self) -> Path:
        """Path of the control socket of the manager of the configuration, which may be another store."""
        return socket_path(self._wanted)

    @property
    def home(self) -> str:
        """Identifier of the directory in the markers of connections; the same for all stores of the configuration."""
        return hashlib.sha256(os.fsencode(os.path.realpath(self._wanted))).hexdigest()[:12]

    @property
    def traces(self) -> Path:
        """Folder in which all stores of the configuration record the resources of their connections."""
        return self._wanted / TRACES

    @property
    def shared(self) -> Path:
        """The directory that all stores of the configuration share; `path` if this store owns it."""
        return self._wanted

    @property
    def old_pins(self) -> Path:
        """Folder in which version 0.1 kept approvals of tools."""
        return self._wanted / OLD_PINS

    def read_eras(self) -> dict[str, Era]:
        """Return the protocol eras in use last, by configuration; empty if they are unknown."""
        try:
            eras = json.loads((self._wanted / ERAS).read_text("utf-8"))
            return {str(key): Era(value) for key, value in eras.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def write_eras(self, eras: dict[str, Era]) -> None:
        """Add to the protocol eras in use last; a failure costs nothing but a slower handshake."""
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
        """Remove what killed stores left behind: temporary directories, and temporary files."""
        for path in self._wanted.glob(f"{ERAS}.*"):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for path in self._wanted.parent.glob(f"{glob.escape(self._wanted.name)}-*"):
            match = BESIDE.fullmatch(path.name.removeprefix(self._wanted.name))
            if match is None or path.is_symlink():
                continue
            with suppress(OSError):
                lock = os.open(path / OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.read(lock, 64) == f"{match[1]}\n".encode():  # otherwise the name is a coincidence
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
    """Return the path of the control socket; in another folder if the path would be too long for a socket."""
    path = state_dir / SOCKET
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    key = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/mcpstore-{os.getuid()}") / f"{key}.sock"  # noqa: S108
