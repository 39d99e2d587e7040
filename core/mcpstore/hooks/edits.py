"""Edits of a tree in memory, for persistence backends that store whole documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mcpstore.errors import ConfigConflict, ConfigError
from mcpstore.hooks.persistence import ANYTHING, MISSING, Edit, Path
from mcpstore.models.json_types import as_array, as_object

__all__ = ["apply_edits", "copy_tree"]


def apply_edits(data: Mapping[str, Any], edits: Sequence[Edit], location: str) -> dict[str, Any]:
    """Return a copy of a tree with all edits applied; the tree itself is not changed.

    Args:
        data: Tree to copy.
        edits: Edits, applied in this order.
        location: Location of the document, for messages.

    Raises:
        ConfigConflict: A value is not the expected one.
        ConfigError: A path is empty, or leads through a value that is neither an object nor an array.
    """
    edited: dict[str, Any] = copy_tree(data)
    for edit in edits:
        _apply(edited, edit, location)
    return edited


def copy_tree(value: Any) -> Any:
    """Copy objects and arrays; keep every other value, such as the server object of a memory transport."""
    if (fields := as_object(value)) is not None:
        return {str(key): copy_tree(item) for key, item in fields.items()}
    if (items := as_array(value)) is not None:
        return [copy_tree(item) for item in items]
    return value


def _apply(data: dict[str, Any], edit: Edit, location: str) -> None:
    if not edit.path:
        raise ConfigError("path of an edit must not be empty (got ()); edit the keys below the root")
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
        place, kind = ".".join(map(str, path)), type(child).__name__
        raise ConfigError(
            f"{place} cannot be set: {key!r} must be an object or an array (got {kind}); replace it first"
        )
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
