"""JSON values: checking, comparing and editing the tree a document is read into."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias, cast

import attrs

from mcpstore.errors import ConfigConflict, ConfigError
from mcpstore.hooks import ANYTHING, MISSING, Edit, Path
from mcpstore.models.json_types import as_array, as_object

__all__ = ["DEEPEST", "Change", "Tree", "applied", "at", "is_too_deep", "nested", "plain", "same", "spelled"]

Tree: TypeAlias = dict[str, Any]

DEEPEST: Final = 200
"""Levels of nesting. Far more than any configuration has, far fewer than would exhaust the stack of who reads it."""


@attrs.frozen(kw_only=True)
class Change:
    """An edit that is needed and can be done.

    Attributes:
        path: Where; all but its last step exists, and is an object or an array.
        value: A plain value, or `MISSING` to remove what is there.
    """

    path: Path
    value: Any


def plain(value: Any, where: str, depth: int = 0) -> Any:
    """Return a copy of `value` made of dicts, lists and scalars only.

    Raises:
        ConfigError: It is not made of JSON values, or is nested too deeply.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if depth >= DEEPEST:
        raise ConfigError(f"{where}: the new value is nested deeper than {DEEPEST} levels; flatten it")
    if (fields := as_object(value)) is not None:
        for key in fields:
            if not isinstance(cast("object", key), str):
                raise ConfigError(f"{where}: {key!r} cannot be the name of a field; use a string")
        return {key: plain(item, where, depth + 1) for key, item in fields.items()}
    if (items := as_array(value)) is not None:
        return [plain(item, where, depth + 1) for item in items]
    raise ConfigError(f"{where}: a {type(value).__name__} cannot be written; use strings, numbers, lists and objects")


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal as JSON: true is not 1, and NaN is itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        here, there = cast("Tree", one), cast("Tree", other)
        return here.keys() == there.keys() and all(same(item, there[key]) for key, item in here.items())
    if isinstance(one, list) and isinstance(other, list):
        left, right = cast("list[Any]", one), cast("list[Any]", other)
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - how one asks for NaN


def at(data: Any, path: Path) -> Any:
    """Return the value at `path`, or `MISSING`."""
    for key in path:
        if isinstance(key, str) and isinstance(data, dict):
            data = cast("Tree", data).get(key, MISSING)
        elif isinstance(key, int) and isinstance(data, list):
            items = cast("list[Any]", data)
            data = items[key] if 0 <= key < len(items) else MISSING
        else:
            return MISSING
    return data


def applied(data: Tree, edits: Sequence[Edit], where: str, fitted: Callable[[Any], Any] = lambda v: v) -> list[Change]:
    """Change `data` by all edits, one after the other, and return what that took.

    An edit whose outcome is already there is fine whatever it expected: whoever was first did the same.

    Args:
        data: The tree.
        edits: The edits.
        where: The file, for messages.
        fitted: Makes of a plain value one that the notation of the file can hold.

    Raises:
        ConfigConflict: Something expected is not there.
        ConfigError: An edit cannot be done here.
    """
    changes: list[Change] = []
    for edit in edits:
        value = MISSING if edit.value is MISSING else fitted(plain(edit.value, where))
        now = at(data, edit.path)
        if (now is MISSING and value is MISSING) or (MISSING not in (now, value) and same(now, value)):
            continue
        if edit.expect is not ANYTHING and not _is_expected(now, edit.expect, where, fitted):
            raise ConfigConflict(where, edit.entry or str(edit.path[-1] if edit.path else ""))
        change = _located(data, Change(path=edit.path, value=value), where)
        _put(data, change)
        changes.append(change)
    return changes


def is_too_deep(data: Any) -> bool:
    """Return whether `data` is nested deeper than `DEEPEST`; goes level by level, so that it needs no stack."""
    level: list[Any] = [data]
    for _ in range(DEEPEST + 1):
        level = [
            item
            for node in level
            for item in (cast("Tree", node).values() if isinstance(node, dict) else node)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def nested(path: Path, value: Any) -> Any:
    """Return `value` inside the objects and arrays that `path` leads through."""
    for key in reversed(path):
        value = cast("Any", {key: value} if isinstance(key, str) else [value])
    return value


def spelled(path: Path) -> str:
    """Return a path as it is shown to people: `mcpServers.files.args[0]`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".") or "the document"


def _is_expected(now: Any, expect: Any, where: str, fitted: Callable[[Any], Any]) -> bool:
    if now is MISSING or expect is MISSING:
        return now is expect
    return same(now, fitted(plain(expect, where)))


def _located(data: Tree, change: Change, where: str) -> Change:
    """Return the change with the parents that it lacks made part of its value."""
    if not change.path and as_object(change.value) is None:
        raise ConfigError(f"{where}: the document is an object and has to stay one; edit its fields")
    holder: Any = data
    for depth, key in enumerate(change.path):
        path, rest = change.path[: depth + 1], change.path[depth + 1 :]
        _check(holder, path, where)
        holder = at(holder, (key,))
        # null where an object is wanted says that there is none, so it gives way
        if rest and (holder is MISSING or holder is None):
            if any(isinstance(inner, int) and inner != 0 for inner in rest):
                raise ConfigError(f"{where}: {spelled(change.path)!r} is beyond the end of the array; begin at 0")
            return Change(path=path, value=nested(rest, change.value))
    return change


def _check(holder: Any, path: Path, where: str) -> None:
    *above, key = path
    wanted = "an object" if isinstance(key, str) else "an array"
    if not isinstance(holder, dict if isinstance(key, str) else list):
        what = spelled(tuple(above))
        raise ConfigError(f"{where}: {what!r} is not {wanted}, so nothing can be put at {key!r}; repair it by hand")
    if isinstance(key, int) and not 0 <= key <= len(cast("list[Any]", holder)):
        raise ConfigError(f"{where}: {spelled(path)!r} is beyond the end of the array; append at its length")


def _put(data: Tree, change: Change) -> None:
    # a copy: a later edit may change what this one put in
    value = copy.deepcopy(change.value)
    if not change.path:
        data.clear()
        data.update(value)
        return
    holder, key = at(data, change.path[:-1]), change.path[-1]
    if value is MISSING:
        del holder[key]
    elif isinstance(key, int) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value
