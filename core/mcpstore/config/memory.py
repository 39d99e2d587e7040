"""Configuration document in memory, for a store that is created from a dictionary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from mcpstore.hooks.edits import apply_edits, copy_tree
from mcpstore.hooks.persistence import Content, Edit

__all__ = ["MemoryDocument"]


class MemoryDocument:
    """A configuration document in memory.

    Args:
        data: The configuration; it is copied, except for objects that are not JSON values.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data: dict[str, Any] = copy_tree(data)
        self._revision = 0

    @property
    def location(self) -> str:
        """Location of the configuration, for messages."""
        return "memory"

    async def read(self) -> Content:
        """Return the configuration."""
        return Content(data=copy_tree(self._data), revision=str(self._revision))

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none.

        Raises:
            ConfigConflict: A value is not the one that an edit expects.
            ConfigError: A path does not exist.
        """
        self._data = apply_edits(self._data, edits, self.location)
        self._revision += 1
        return await self.read()

    async def changes(self) -> AsyncIterator[None]:
        """Yield nothing: no other program can change the document."""
        await asyncio.get_running_loop().create_future()
        yield
