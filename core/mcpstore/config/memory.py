"""A configuration that is kept nowhere: what a store works on that was given a dictionary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from mcpstore.core.models.shape import as_array, as_object
from mcpstore.errors import ConfigConflict, ConfigError
from mcpstore.hooks.persistence import ANYTHING, MISSING, Content, Edit, Path

__all__ = ["MemoryDocument"]


class MemoryDocument:
    """A configuration document in memory.

    Args:
        data: The tree; it is copied, except for objects that are no JSON values.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = _copied(data)
        self._revision = 0

    @property
    def location(self) -> str:
        """Where it is kept."""
        return "memory"

    async def read(self) -> Content:
        """Return what it holds."""
        return Content(data=_copied(self._data), revision=str(self._revision))

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none.

        Raises:
            ConfigConflict: Something expected is not there.
            ConfigError: A path leads nowhere.
        """
        data = _copied(self._data)
        for edit in edits:
            _apply(data, edit)
        self._data = data
        self._revision += 1
        return await self.read()

    async def changes(self) -> AsyncIterator[None]:
        """Yield nothing: nobody else can change it."""
        await asyncio.get_running_loop().create_future()
        yield


def _apply(data: dict[str, Any], edit: Edit) -> None:
    if not edit.path:
        raise ConfigError("the root of a configuration cannot be replaced; edit what is in it")
    *above, last = edit.path
    holder: Any = data
    for key in above:
        holder = _child(holder, key, edit.path)
    current = _get(holder, last)
    if edit.expect is not ANYTHING and not _same(current, edit.expect):
        raise ConfigConflict("memory", edit.entry or str(last))
    if edit.value is not MISSING:
        _put(holder, last, _copied(edit.value))
    elif current is not MISSING:
        del holder[last]


def _child(holder: Any, key: str | int, path: Path) -> Any:
    child = _get(holder, key)
    if child is MISSING and isinstance(holder, dict):
        child = {}
        _put(cast("Any", holder), key, child)
    if not isinstance(child, dict | list):
        raise ConfigError(f"nothing can stand at {'.'.join(map(str, path))}: {key!r} is no object")
    return cast("Any", child)


def _get(holder: Any, key: str | int) -> Any:
    if (items := as_array(holder)) is not None:
        return items[key] if isinstance(key, int) and 0 <= key < len(items) else MISSING
    return holder.get(key, MISSING)


def _put(holder: Any, key: str | int, value: Any) -> None:
    if (items := as_array(holder)) is not None and key == len(items):
        holder.append(value)
    else:
        holder[key] = value


def _same(current: Any, expected: Any) -> bool:
    return type(current) is type(expected) and bool(current == expected)


def _copied(value: Any) -> Any:
    """Copy objects and arrays; leave everything else alone, such as a server object of the memory transport."""
    if (fields := as_object(value)) is not None:
        return {str(key): _copied(item) for key, item in fields.items()}
    if (items := as_array(value)) is not None:
        return [_copied(item) for item in items]
    return value
