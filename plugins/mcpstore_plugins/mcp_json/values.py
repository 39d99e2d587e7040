"""JSON values: validation, comparison, and edits of parsed data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias, cast

import attrs

from mcpstore.errors import ConfigConflict, ConfigError
from mcpstore.hooks import ANYTHING, MISSING, Edit, Path
from mcpstore.models.json_types import as_array, as_object

__all__ = [
    "MAX_DEPTH",
    "Change",
    "JsonObject",
    "apply_edits",
    "is_equal",
    "is_too_deep",
    "plain_copy",
    "shown",
    "value_of",
    "wrapped",
]

JsonObject: TypeAlias = dict[str, Any]

MAX_DEPTH: Final = 200
"""Maximal levels of nesting: more than any configuration has, and few enough for recursive parsers."""


@attrs.frozen(kw_only=True)
class Change:
    """A validated edit that changes the data.

    Attributes:
        path: Path of the value; all its parents exist and are objects or arrays.
        value: A plain value, or `MISSING` to remove the present one.
    """

    path: Path
    value: Any


def plain_copy(value: Any, where: str, depth: int = 0) -> Any:
    """Return a copy of `value` that consists of dicts, lists and scalars.

    Raises:
        ConfigError: The value contains other types, or is nested too deeply.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if depth >= MAX_DEPTH:
        raise ConfigError(f"{where}: the new value is nested deeper than {MAX_DEPTH} levels; flatten it")
    if (fields := as_object(value)) is not None:
        for key in fields:
            if not isinstance(cast("object", key), str):
                raise ConfigError(f"{where}: name of a field must be a string (got {key!r}); put it into quotes")
        return {key: plain_copy(item, where, depth + 1) for key, item in fields.items()}
    if (items := as_array(value)) is not None:
        return [plain_copy(item, where, depth + 1) for item in items]
    raise ConfigError(
        f"{where}: value cannot be written (got {type(value).__name__}); use strings, numbers, lists and objects"
    )


def is_equal(one: Any, other: Any) -> bool:
    """Return whether two values are equal as JSON: true is not 1, and NaN is itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        here, there = cast("JsonObject", one), cast("JsonObject", other)
        return here.keys() == there.keys() and all(is_equal(item, there[key]) for key, item in here.items())
    if isinstance(one, list) and isinstance(other, list):
        left, right = cast("list[Any]", one), cast("list[Any]", other)
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - tests for NaN


def value_of(data: Any, path: Path) -> Any:
    """Return the value at `path`, or `MISSING`."""
    for key in path:
        if isinstance(key, str) and isinstance(data, dict):
            data = cast("JsonObject", data).get(key, MISSING)
        elif isinstance(key, int) and isinstance(data, list):
            items = cast("list[Any]", data)
            data = items[key] if 0 <= key < len(items) else MISSING
        else:
            return MISSING
    return data


def apply_edits(
    data: JsonObject, edits: Sequence[Edit], where: str, fitted: Callable[[Any], Any] = lambda v: v
) -> list[Change]:
    """Apply all edits to `data` in order, and return the changes they made.

    An edit whose result is already present makes no change and no conflict, whatever it expects.

    Args:
        data: The data, changed in place.
        edits: The edits.
        where: The file, for messages.
        fitted: Converts a plain value into one that the format of the file can hold.

    Raises:
        ConfigConflict: The present value is not what an edit expects.
        ConfigError: An edit cannot be applied.
    """
    changes: list[Change] = []
    for edit in edits:
        value = MISSING if edit.value is MISSING else fitted(plain_copy(edit.value, where))
        present = value_of(data, edit.path)
        if (present is MISSING and value is MISSING) or (MISSING not in (present, value) and is_equal(present, value)):
            continue
        if edit.expect is not ANYTHING and not _is_expected(present, edit.expect, where, fitted):
            raise ConfigConflict(where, edit.entry or str(edit.path[-1] if edit.path else ""))
        change = _located(data, Change(path=edit.path, value=value), where)
        _put(data, change)
        changes.append(change)
    return changes


def is_too_deep(data: Any) -> bool:
    """Return whether `data` is nested deeper than `DEEPEST`; iterates level by level instead of recursing."""
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for node in level
            for item in (cast("JsonObject", node).values() if isinstance(node, dict) else node)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def wrapped(path: Path, value: Any) -> Any:
    """Return `value` wrapped in new objects and arrays, so that it is at `path`."""
    for key in reversed(path):
        value = cast("Any", {key: value} if isinstance(key, str) else [value])
    return value


def shown(path: Path) -> str:
    """Return a path for display: `mcpServers.files.args[0]`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".") or "the document"


def _is_expected(present: Any, expect: Any, where: str, fitted: Callable[[Any], Any]) -> bool:
    if present is MISSING or expect is MISSING:
        return present is expect
    return is_equal(present, fitted(plain_copy(expect, where)))


def _located(data: JsonObject, change: Change, where: str) -> Change:
    """Return the change with missing parents made part of its value."""
    if not change.path and as_object(change.value) is None:
        raise ConfigError(f"{where}: the document must stay an object; edit its fields")
    holder: Any = data
    for depth, key in enumerate(change.path):
        path, rest = change.path[: depth + 1], change.path[depth + 1 :]
        _check(holder, path, where)
        holder = value_of(holder, (key,))
        # null in place of an object is replaced
        if rest and (holder is MISSING or holder is None):
            if any(isinstance(inner, int) and inner != 0 for inner in rest):
                raise ConfigError(f"{where}: {shown(change.path)!r} is past the end of the array; begin at 0")
            return Change(path=path, value=wrapped(rest, change.value))
    return change


def _check(holder: Any, path: Path, where: str) -> None:
    *above, key = path
    expected = "an object" if isinstance(key, str) else "an array"
    if not isinstance(holder, dict if isinstance(key, str) else list):
        parent = shown(tuple(above))
        raise ConfigError(f"{where}: {parent!r} is not {expected}, so {key!r} cannot be set in it; repair it by hand")
    if isinstance(key, int) and not 0 <= key <= len(cast("list[Any]", holder)):
        raise ConfigError(f"{where}: {shown(path)!r} is past the end of the array; append at its length")


def _put(data: JsonObject, change: Change) -> None:
    # copied, because a later edit may change this value
    value = copy.deepcopy(change.value)
    if not change.path:
        data.clear()
        data.update(value)
        return
    holder, key = value_of(data, change.path[:-1]), change.path[-1]
    if value is MISSING:
        del holder[key]
    elif isinstance(key, int) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value
