"""A persistence backend: a configuration in one JSON file, at `template:///path/to/file.json`."""

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

PATIENCE: Final = 10.0
"""Seconds to wait for another writer."""

PAUSE: Final = 0.5
"""Seconds between two looks for changes from outside."""


class JsonDocument:
    """A document in a file.

    Args:
        location: Where it is, with the scheme.
    """

    def __init__(self, location: str) -> None:
        self._location: Final = location
        self._path: Final = Path(location.removeprefix(SCHEME))
        self._told: str | None = None

    @property
    def location(self) -> str:
        """Where it is kept."""
        return self._location

    async def read(self) -> Content:
        """Read it; one that does not exist yet is empty.

        Raises:
            ConfigSyntaxError: It is no JSON object.
            ConfigError: It cannot be read.
        """
        return self._tell(await asyncio.to_thread(self._read))

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none to what is there now, and return the new content.

        Raises:
            ConfigConflict: Something expected is not there any longer.
            ConfigSyntaxError: What is there is no JSON object, so it is not overwritten.
            ConfigError: It cannot be written.
        """
        return self._tell(await asyncio.to_thread(self._edit, tuple(edits)))

    async def changes(self) -> AsyncGenerator[None]:
        """Yield each time the document holds something that was not told yet."""
        if self._told is None:
            self._told = await asyncio.to_thread(self._state)
        while True:
            await asyncio.sleep(PAUSE)
            state = await asyncio.to_thread(self._state)
            if state != self._told:
                self._told = state
                yield

    def _tell(self, content: Content) -> Content:
        self._told = content.revision
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
            # Writers take turns, so that none overwrites what another one wrote meanwhile.
            with FileLock(f"{self._path}.lock", timeout=PATIENCE):
                self._write(json.dumps(apply_edits(self._read().data, edits, self._location), indent=2) + "\n")
                return self._read()
        except Timeout:
            raise ConfigError(f"{self._location} cannot be written: somebody else has locked it") from None
        except OSError as error:
            raise ConfigError(f"{self._location} cannot be written: {error.strerror}") from error

    def _write(self, text: str) -> None:
        """Replace the file atomically, so that no crash leaves a part of it."""
        replace_file(self._path, text.encode())


def _is_ours(location: str) -> bool:
    return location.startswith(SCHEME)


def _open(location: str) -> Document:
    return JsonDocument(location)


@hookimpl
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Offer the backend."""
    yield PersistenceBackend(name="template", claims=_is_ours, open=_open)
