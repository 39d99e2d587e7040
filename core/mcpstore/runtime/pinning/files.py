"""The pins of every service of a configuration, on disk: a small file for each, replaced as a whole.

All managers of the configuration share the folder: each reads what the others wrote, and adds to it, under a lock.
Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from mcpstore.runtime.pinning.pin import Pin, shelf_from
from mcpstore.storage.atomic import replace_file

__all__ = ["CorruptPinFile", "PinFiles"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file that is read; a larger one is none of ours."""

MOST: Final = 20_000
"""Files that are kept, where nobody can say which of them are still wanted."""

LOCK: Final = "lock"

Stamp = tuple[int, int, int] | None
"""Identity of a file's content; None if there is no file."""


class CorruptPinFile(ValueError):
    """A file that is none of ours, or half of one."""


class PinFiles:
    """The folder.

    Args:
        path: Where it is; it is made when there is something to write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def stamp(self, service: str) -> Stamp:
        """Return what changes whenever the pins of a service do."""
        try:
            found = self._place(service).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self, service: str) -> dict[str, Pin]:
        """Return the pins of a service; empty if there are none.

        Raises:
            CorruptPinFile: What is there cannot be understood.
            OSError: It cannot be read.
        """
        place = self._place(service)
        try:
            file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return {}
        with os.fdopen(file, "rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise CorruptPinFile(f"{place}: it is too large")
        try:
            return shelf_from(json.loads(content), service)
        except (ValueError, RecursionError) as error:
            raise CorruptPinFile(f"{place}: {error}") from None

    def update(self, service: str, make: Callable[[dict[str, Pin]], Any]) -> None:
        """Replace the pins of a service; they are on the disk when this returns.

        Args:
            service: Its name.
            make: Returns what is to be written, as JSON, for what is there.

        Raises:
            BlockingIOError: Somebody else is writing; try again.
            OSError: They cannot be written; the old ones stay.
        """
        with self._alone():
            try:
                there = self.read(service)
            except CorruptPinFile:
                there = {}
            content = json.dumps(make(there)).encode()
            if len(content) > LARGEST:
                raise OSError(f"the tools of {service!r} are too many to be kept")
            replace_file(self._place(service), content)

    def remove(self, service: str) -> None:
        """Forget a service.

        Raises:
            BlockingIOError: Somebody else is writing; try again.
            OSError: It cannot be forgotten.
        """
        if self._path.exists():
            with self._alone():
                self._place(service).unlink(missing_ok=True)

    def tidy(self, services: Iterable[str] | None) -> None:
        """Remove what killed managers left, and what nobody wants any more; failing is no harm.

        Args:
            services: Names of those that are there; None if that is not known, and then only the oldest of too many
                are removed.
        """
        if not self._path.exists():
            return
        with suppress(OSError), self._alone():
            for half in self._path.glob("*.tmp"):
                half.unlink(missing_ok=True)
            files = set(self._path.glob("*.json"))
            if services is not None:
                unwanted = files - {self._place(service) for service in services}
            else:
                unwanted = set(sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)[MOST:])
            for file in unwanted:
                file.unlink(missing_ok=True)

    def _place(self, service: str) -> Path:
        name = hashlib.sha256(service.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._path / f"{name}.json"

    @contextmanager
    def _alone(self) -> Generator[None]:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(lock)
