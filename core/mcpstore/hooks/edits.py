"""Edits carried out on a tree in memory: what a persistence backend does that keeps whole documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mcpstore.errors import ConfigConflict, ConfigError
from mcpstore.hooks.persistence import ANYTHING, MISSING, Edit, Path
from mcpstore.models.json_types import as_array, as_object

__all__ = ["apply_edits", "copy_tree"]


def apply_edits(data: Mapping[str, Any], edits: Sequence[Edit], location: str) -> dict[str, Any]:
    """Return a copy of a tree with all edits carried out; the tree itself stays as it is.

    Args:
        data: The tree.
        edits: The edits, carried out one after the other.
        location: Where the document is kept, for messages.

    Raises:
        ConfigConflict: Something expected is not there.
        ConfigError: A path leads nowhere.
    """
    edited: dict[str, Any] = copy_tree(data)
    for edit in edits:
        _apply(edited, edit, location)
    return edited


def copy_tree(value: Any) -> Any:
    """Copy objects and arrays; leave everything else alone, such as a server object of the memory transport."""
    if (fields := as_object(value)) is not None:
        return {str(key): copy_tree(item) for key, item in fields.items()}
    if (items := as_array(value)) is not None:
        return [copy_tree(item) for item in items]
    return value


def _apply(data: dict[str, Any], edit: Edit, location: str) -> None:
    if not edit.path:
        raise ConfigError("the root of a configuration cannot be replaced; edit what is in it")
    *above, last = edit.path
    holder: Any = data
    for key in above:
        holder = _child(holder, key, edit.path)
    current = _get(holder, last)
    if edit.expect is not ANYTHING and not _same(current, edit.expect):
        raise ConfigConflict(location, edit.entry or str(last))
    if edit.value is not MISSING:
        _put(holder, last, copy_tree(edit.value))
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
