"""Configuration document in one file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from mcpstore.errors import ConfigError
from mcpstore.hooks import Content, Edit
from mcpstore_plugins.mcp_json.atomic_save import save
from mcpstore_plugins.mcp_json.content import content_of, edited, revision_of
from mcpstore_plugins.mcp_json.file_state import load
from mcpstore_plugins.mcp_json.file_watch import settled_states
from mcpstore_plugins.mcp_json.location import path_of
from mcpstore_plugins.mcp_json.lock import Held, holder_of

__all__ = ["FileDocument"]

LOCK_TIMEOUT: Final = 10.0
"""Seconds to wait for the lock; a writer needs milliseconds unless it hangs."""

LOCK_PAUSE: Final = 0.01
"""Seconds between two attempts to get the lock."""

_ABSENT: Final = frozenset({revision_of(None), revision_of(b"")})


class FileDocument:
    """Document in a file: JSON with or without comments, TOML, or read-only YAML.

    `changes` has one listener, and does not report what `read` and `edit` of the same document have returned.

    Args:
        location: A path, or a file:// URL.

    Raises:
        ConfigError: The location cannot be a file.
    """

    def __init__(self, location: str) -> None:
        self._location: Final = location
        self._path: Final = path_of(location)
        self._turn: Final = asyncio.Lock()
        # the state that the owner of the document knows; None before the first call
        self._reported: str | None = None

    @property
    def location(self) -> str:
        """Location as the user wrote it."""
        return self._location

    async def read(self) -> Content:
        """Read the document; a file that does not exist is an empty document.

        Raises:
            ConfigSyntaxError: The text cannot be parsed.
            ConfigError: The file cannot be read, or is not a regular file.
        """
        return await asyncio.to_thread(self._read)

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none to the present content of the file, and return the new content.

        A cancelled edit may still be applied as a whole, but never in part.

        Raises:
            ConfigConflict: The present content is not what an edit expects.
            ConfigSyntaxError: The present content cannot be parsed, so it is not overwritten.
            ConfigError: The file cannot be written, or has disappeared since it was read.
        """
        loop, edits = asyncio.get_running_loop(), tuple(edits)
        async with self._turn:
            deadline = loop.time() + LOCK_TIMEOUT
            while True:
                try:
                    return await asyncio.to_thread(self._edit, edits)
                except Held:
                    if loop.time() >= deadline:
                        break
                await asyncio.sleep(LOCK_PAUSE)
            holder = await asyncio.to_thread(holder_of, self._path)
        raise ConfigError(
            f"{self._location} cannot be written: {holder} has locked its directory for {LOCK_TIMEOUT:.0f} s; "
            "end that program, or try again later"
        )

    async def changes(self) -> AsyncGenerator[None]:
        """Yield each time the file has a content that was not reported yet; ends when its task is cancelled."""
        if self._reported is None:
            self._reported = await asyncio.to_thread(self._state)
        async with aclosing(settled_states(self._path, self._look, lambda: self._reported, _ABSENT)) as states:
            async for state in states:
                self._reported = state
                yield

    def _read(self) -> Content:
        try:
            raw = load(self._path, self._location)
        except ConfigError as error:
            self._reported = _unreadable(error)
            raise
        self._reported = revision_of(raw)
        return content_of(raw, self._path, self._location)

    def _edit(self, edits: Sequence[Edit]) -> Content:
        def change(raw: bytes | None) -> tuple[bytes | None, Content]:
            # a drive that is not mounted, or a moved folder: a new file would hide the one that comes back
            if raw is None and self._reported not in {None, revision_of(None)}:
                raise ConfigError(
                    f"{self._location} has disappeared since it was read; "
                    "put it back, or read the configuration again to begin with an empty one"
                )
            return edited(raw, edits, self._path, self._location)

        content = save(self._path, self._location, change)
        self._reported = content.revision
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
