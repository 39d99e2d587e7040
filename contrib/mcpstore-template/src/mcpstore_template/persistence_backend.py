"""Persistence backend `template`: a configuration in a JSON file, at `template:///path/to/file.json`."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, cast

from filelock import FileLock, Timeout

from mcpstore.errors import ConfigError, ConfigSyntaxError
from mcpstore.hooks import Content, Document, Edit, PersistenceBackend, apply_edits, hookimpl
from mcpstore.storage.atomic import replace_file

__all__ = ["JsonDocument"]

mcpstore_api = ">=1.0,<2"

SCHEME: Final = "template://"

LOCK_TIMEOUT: Final = 10.0
"""Seconds to wait for another writer."""

PAUSE: Final = 0.5
"""Seconds between two polls for changes by other programs."""


class JsonDocument:
    """A document in a file.

    Args:
        location: The path, with the scheme.
    """

    def __init__(self, location: str) -> None:
        self._location: Final = location
        self._path: Final = Path(location.removeprefix(SCHEME))
        self._reported: str | None = None  # revision that the caller knows

    @property
    def location(self) -> str:
        """The location, as the user wrote it."""
        return self._location

    async def read(self) -> Content:
        """Read the document; one that does not exist is empty.

        Raises:
            ConfigSyntaxError: The file is not a JSON object.
            ConfigError: The file cannot be read.
        """
        return self._report(await asyncio.to_thread(self._read))

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none to the present content, and return the new content.

        Raises:
            ConfigConflict: The present content is not what an edit expects.
            ConfigSyntaxError: The file is not a JSON object, so it is not overwritten.
            ConfigError: The file cannot be written.
        """
        return self._report(await asyncio.to_thread(self._edit, tuple(edits)))

    async def changes(self) -> AsyncGenerator[None]:
        """Yield each time the document has a content that was not reported yet."""
        if self._reported is None:
            self._reported = await asyncio.to_thread(self._state)
        while True:
            await asyncio.sleep(PAUSE)
            state = await asyncio.to_thread(self._state)
            if state != self._reported:
                self._reported = state
                yield

    def _report(self, content: Content) -> Content:
        self._reported = content.revision
        return content

    def _state(self) -> str:
        try:
            return self._read().revision
        except ConfigError as error:
            return f"unreadable: {error}"

    def _read(self) -> Content:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            raw = b""
        except OSError as error:
            raise ConfigError(f"{self._location} cannot be read: {error.strerror}") from error
        try:
            data: Any = json.loads(raw) if raw.strip() else {}
        except ValueError as error:
            line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
            raise ConfigSyntaxError(self._location, str(error), line=line, column=column) from None
        if not isinstance(data, dict):
            kind = type(data).__name__
            raise ConfigSyntaxError(self._location, f"must be a JSON object (got {kind})", line=1, column=1)
        return Content(data=cast("dict[str, Any]", data), revision=hashlib.sha256(raw).hexdigest())

    def _edit(self, edits: Sequence[Edit]) -> Content:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # One writer at a time, so that no concurrent change is lost.
            with FileLock(f"{self._path}.lock", timeout=LOCK_TIMEOUT):
                self._write(json.dumps(apply_edits(self._read().data, edits, self._location), indent=2) + "\n")
                return self._read()
        except Timeout:
            raise ConfigError(f"{self._location} cannot be written: another program has locked it; try again") from None
        except OSError as error:
            raise ConfigError(f"{self._location} cannot be written: {error.strerror}") from error

    def _write(self, text: str) -> None:
        """Replace the file atomically: after a crash it is the old or the new one."""
        replace_file(self._path, text.encode())


def _is_ours(location: str) -> bool:
    return location.startswith(SCHEME)


def _open(location: str) -> Document:
    return JsonDocument(location)


@hookimpl
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Return the backend."""
    yield PersistenceBackend(name="template", claims=_is_ours, open=_open)
