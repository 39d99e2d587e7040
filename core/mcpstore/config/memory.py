"""A configuration that is kept nowhere: what a store works on that was given a dictionary."""

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
        data: The tree; it is copied, except for objects that are no JSON values.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data: dict[str, Any] = copy_tree(data)
        self._revision = 0

    @property
    def location(self) -> str:
        """Where it is kept."""
        return "memory"

    async def read(self) -> Content:
        """Return what it holds."""
        return Content(data=copy_tree(self._data), revision=str(self._revision))

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none.

        Raises:
            ConfigConflict: Something expected is not there.
            ConfigError: A path leads nowhere.
        """
        self._data = apply_edits(self._data, edits, self.location)
        self._revision += 1
        return await self.read()

    async def changes(self) -> AsyncIterator[None]:
        """Yield nothing: nobody else can change it."""
        await asyncio.get_running_loop().create_future()
        yield
