"""Pin files: the pins of the services of a configuration on disk, one file for each service.

All managers of the configuration share the folder. Each change reads the file, merges it and replaces it, under a lock.
Every method blocks: call it in a thread.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from mcpstore.runtime.pinning.pin import Pin, pins_from_json
from mcpstore.storage.atomic import make_folder, replace_file

__all__ = ["CorruptPinFile", "PinFiles"]

MAX_SIZE: Final = 64 * 1024 * 1024
"""Maximum size of a file, in bytes; a larger file is corrupt."""

MAX_FILES: Final = 20_000
"""Number of files that are kept if the services of the configuration are not known."""

LOCK: Final = "lock"

MOVE_TIMEOUT: Final = 5.0
"""Time that moving pins waits for the locks of both folders, in seconds."""

Stamp = tuple[int, int, int] | None
"""Identity of the content of a file; None if there is no file."""


class CorruptPinFile(ValueError):
    """A file that holds no pins that can be read."""


class PinFiles:
    """The pin files of one configuration.

    Args:
        path: Their folder; it is created for the first file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def stamp(self, service: str) -> Stamp:
        """Return a value that changes whenever the file of a service changes."""
        try:
            status = self._file_of(service).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read(self, service: str) -> dict[str, Pin]:
        """Return the pins of a service; empty if there are none.

        Raises:
            CorruptPinFile: The file holds no pins that can be read.
            OSError: The file cannot be read.
        """
        path = self._file_of(service)
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return {}
        with os.fdopen(file, "rb") as opened:
            content = opened.read(MAX_SIZE + 1)
        if len(content) > MAX_SIZE:
            raise CorruptPinFile(f"{path} is too large")
        try:
            return pins_from_json(json.loads(content), service)
        except (ValueError, RecursionError) as error:
            raise CorruptPinFile(f"{path}: {error}") from None

    def update(self, service: str, change: Callable[[dict[str, Pin]], Any]) -> None:
        """Replace the pins of a service; they are on disk when this returns.

        Args:
            service: Name of the service.
            change: Receives the pins on disk, and returns the new content as JSON.

        Raises:
            BlockingIOError: Another process writes in the folder; try again.
            OSError: The pins cannot be written; the old ones stay.
        """
        with _locked(self._path):
            try:
                pins = self.read(service)
            except CorruptPinFile:
                pins = {}
            content = json.dumps(change(pins)).encode()
            if len(content) > MAX_SIZE:
                raise OSError(f"the tools of {service!r} are too many to be saved")
            replace_file(self._file_of(service), content)

    def remove(self, service: str) -> None:
        """Remove the pins of a service.

        Raises:
            BlockingIOError: Another process writes in the folder; try again.
            OSError: They cannot be removed.
        """
        if self._path.exists():
            with _locked(self._path):
                self._file_of(service).unlink(missing_ok=True)

    def tidy(self, services: Iterable[str] | None) -> None:
        """Remove temporary files of killed managers, and the files of removed services; errors are ignored.

        Args:
            services: Names of the services of the configuration; None if they are not known, and then the oldest of too
                many files are removed.
        """
        if not self._path.exists():
            return
        with suppress(OSError), _locked(self._path):
            for temporary in self._path.glob("*.tmp"):
                temporary.unlink(missing_ok=True)
            files = set(self._path.glob("*.json"))
            if services is not None:
                obsolete = files - {self._file_of(service) for service in services}
            else:
                obsolete = set(sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)[MAX_FILES:])
            for file in obsolete:
                file.unlink(missing_ok=True)

    def move_from(self, old: Path) -> None:
        """Move the pin files of another folder here, and remove that folder; of two files, the newer one stays.

        Args:
            old: The other folder; it need not exist.

        Raises:
            OSError: The files cannot be moved; the other folder has all of them.
        """
        deadline = time.monotonic() + MOVE_TIMEOUT
        while old.is_dir():
            try:
                self._move_from(old)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                break

    def _move_from(self, old: Path) -> None:
        with _locked(self._path), _locked(old):
            for file in old.glob("*.json"):
                target = self._path / file.name
                if not target.exists() or target.stat().st_mtime_ns < file.stat().st_mtime_ns:
                    replace_file(target, file.read_bytes())
            with suppress(OSError):  # every file is copied; what cannot be removed is removed by the next move
                for file in (*old.glob("*.json"), *old.glob("*.tmp"), old / LOCK):
                    file.unlink(missing_ok=True)
                old.rmdir()

    def _file_of(self, service: str) -> Path:
        name = hashlib.sha256(service.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._path / f"{name}.json"


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    make_folder(folder)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)
