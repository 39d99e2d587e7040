"""A configuration document that is one file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from mcpstore.errors import ConfigError
from mcpstore.hooks import Content, Edit
from mcpstore_plugins.mcp_json.atomic_save import save
from mcpstore_plugins.mcp_json.file_probe import load
from mcpstore_plugins.mcp_json.file_watch import news
from mcpstore_plugins.mcp_json.location import path_of
from mcpstore_plugins.mcp_json.lock import Held, holder_of
from mcpstore_plugins.mcp_json.notations import content_of, edited, revision_of

__all__ = ["FileDocument"]

PATIENCE: Final = 10.0
"""Seconds to wait for another writer, which needs milliseconds unless it hangs."""

PAUSE: Final = 0.01
"""Seconds between two tries for the lock."""

_ABSENT: Final = frozenset({revision_of(None), revision_of(b"")})


class FileDocument:
    """A document in a file: JSON with or without comments, TOML, or YAML that is only read.

    One is meant to be watched by one listener: `changes` tells what neither `read` nor `edit` of this same document
    has told already, so its own edits are not reported.

    Args:
        location: A path, or a file:// URL.

    Raises:
        ConfigError: No file can be there.
    """

    def __init__(self, location: str) -> None:
        self._location: Final = location
        self._path: Final = path_of(location)
        self._turn: Final = asyncio.Lock()
        # the state the owner of this document knows of; None before it asked
        self._told: str | None = None

    @property
    def location(self) -> str:
        """Where it is kept, as the user wrote it."""
        return self._location

    async def read(self) -> Content:
        """Read it; a file that does not exist yet is an empty document.

        Raises:
            ConfigSyntaxError: It cannot be understood.
            ConfigError: It cannot be read, or is not a file.
        """
        return await asyncio.to_thread(self._read)

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none to what the file holds now, and return the new content.

        A cancelled edit may still take place as a whole; it is never half done.

        Raises:
            ConfigConflict: Something expected is not there any longer.
            ConfigSyntaxError: What is there now cannot be understood, so it is not overwritten.
            ConfigError: It cannot be written; or it was there when it was read, and has gone since.
        """
        loop, wanted = asyncio.get_running_loop(), tuple(edits)
        async with self._turn:
            deadline = loop.time() + PATIENCE
            while True:
                try:
                    return await asyncio.to_thread(self._edit, wanted)
                except Held:
                    if loop.time() >= deadline:
                        break
                await asyncio.sleep(PAUSE)
            holder = await asyncio.to_thread(holder_of, self._path)
        raise ConfigError(
            f"{self._location} cannot be written: {holder} has held the lock of its directory for {PATIENCE:.0f} s; "
            "end that program, or try again later"
        )

    async def changes(self) -> AsyncGenerator[None]:
        """Yield each time the file holds something that was not told yet; ends when its task is cancelled."""
        if self._told is None:
            self._told = await asyncio.to_thread(self._state)
        async with aclosing(news(self._path, self._look, lambda: self._told, _ABSENT)) as states:
            async for state in states:
                self._told = state
                yield

    def _read(self) -> Content:
        try:
            raw = load(self._path, self._location)
        except ConfigError as error:
            self._told = _unreadable(error)
            raise
        self._told = revision_of(raw)
        return content_of(raw, self._path, self._location)

    def _edit(self, edits: Sequence[Edit]) -> Content:
        def change(raw: bytes | None) -> tuple[bytes | None, Content]:
            # a drive that is not mounted, a moved folder: a new file there would hide the one that comes back
            if raw is None and self._told not in {None, revision_of(None)}:
                raise ConfigError(
                    f"{self._location} was there when it was read and has gone since; "
                    "put it back, or read the configuration again to begin with an empty one"
                )
            return edited(raw, edits, self._path, self._location)

        content = save(self._path, self._location, change)
        self._told = content.revision
        return content

    def _state(self) -> str:
        try:
            return revision_of(load(self._path, self._location))
        except ConfigError as error:
            return _unreadable(error)

    async def _look(self) -> str:
        return await asyncio.to_thread(self._state)


def _unreadable(error: ConfigError) -> str:
    return f"unreadable: {error}"
