"""Changing a TOML text in place.

Whole tables (which is what adding and removing a service means) are put in and cut out as lines; the rest is done by
tomlkit. tomlkit could do all of it, but leaves blank lines behind, and forgets them in front of the next table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, pairwise
from typing import Any, Final

from mcpstore.hooks import MISSING
from mcpstore.models.json_types import as_object
from mcpstore_plugins.mcp_json.reading import CannotRewrite
from mcpstore_plugins.mcp_json.toml_blocks import lay_of
from mcpstore_plugins.mcp_json.values import Change, nested, same

__all__ = ["rewritten"]

_COMMENTS: Final = re.compile(r".*#[^\r\n]*", re.DOTALL)


def rewritten(text: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the text with the changes made, in up to two ways.

    Which way is right depends on how its tables are spelled, and is seen by reading the outcome.
    """
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    with suppress(CannotRewrite):
        yield _by_lines(text, changes, newline)
    yield _by_tomlkit(text, changes, newline)


def _by_lines(text: str, changes: Sequence[Change], newline: str) -> str:
    for (removes, _), run in groupby(changes, key=lambda change: (change.value is MISSING, change.path[:-1])):
        waiting = list(run)
        while waiting:
            text, left = _cut(text, waiting) if removes else _insert(text, waiting, newline)
            if len(left) == len(waiting):
                text, left = _by_tomlkit(text, left[:1], newline), left[1:]
            waiting = left
    return text


def _insert(text: str, changes: list[Change], newline: str) -> tuple[str, list[Change]]:
    """Put new tables behind their siblings, or else behind everything; return the text and the changes left over."""
    import tomlkit  # noqa: PLC0415 - late: it is needed for edits only

    lay, parent = lay_of(text), changes[0].path[:-1]
    depth = len(parent) + 1
    taken = {path[:depth] for path in lay.places}
    new = [change for change in changes if as_object(change.value) is not None and change.path not in taken]
    if not new or any(isinstance(key, int) for key in parent):
        return text, changes
    siblings = [block for block in lay.blocks if parent and block.path[: len(parent)] == parent]
    end = (siblings or lay.blocks)[-1].end
    tables = (tomlkit.dumps(nested(change.path, change.value)).strip("\n") for change in new)
    lines = "\n\n".join(tables).replace("\n", newline)
    if end:
        text = text[:end] + newline * 2 + lines + text[end:]
    else:
        # nothing but comments and blank lines: they stay on top
        head = text + ("" if text.endswith("\n") else newline) if text.strip() else ""
        text = head + lines + newline
    inserted = {change.path for change in new}
    return text, [change for change in changes if change.path not in inserted]


def _cut(text: str, changes: list[Change]) -> tuple[str, list[Change]]:
    """Cut tables out with all their sub-tables; comments on lines above them stay, as they may be about more."""
    blocks, paths = lay_of(text).blocks, {change.path for change in changes}
    depth = len(changes[0].path)
    gone = {block.path for block in blocks} & paths
    kept, done = "", 0
    for before, block in pairwise(blocks):
        if block.path[:depth] in gone:
            above = None if before.path[:depth] in gone else _COMMENTS.match(text, before.end, block.start)
            kept += text[done : above.end() if above else before.end]
            done = block.end
    rest = text[done:]
    return kept + (rest if kept.strip() else rest.lstrip("\r\n")), [c for c in changes if c.path not in gone]


def _by_tomlkit(text: str, changes: Sequence[Change], newline: str) -> str:
    import tomlkit  # noqa: PLC0415 - late: it is needed for edits only

    try:
        document = tomlkit.parse(text.replace("\r\n", "\n"))
        for change in changes:
            _change(document, change)
        return tomlkit.dumps(document).replace("\n", newline)
    except Exception as error:
        # tomlkit fails in many ways on what TOML cannot express, and not only with errors of its own
        raise CannotRewrite("this cannot be changed in place; edit the file by hand") from error


def _change(holder: Any, change: Change) -> None:
    if not change.path:
        _merge(holder, change.value)
        return
    for key in change.path[:-1]:
        holder = holder[key]
    key = change.path[-1]
    if change.value is MISSING:
        del holder[key]
    elif isinstance(key, int) and key == len(holder):
        holder.append(change.value)
    elif (fields := as_object(change.value)) is not None and key in holder and isinstance(holder[key], dict):
        _merge(holder[key], fields)
    else:
        holder[key] = change.value


def _merge(table: Any, fields: Mapping[str, Any]) -> None:
    for key in [key for key in table if key not in fields]:
        del table[key]
    for key, value in fields.items():
        if key not in table or not same(table[key].unwrap(), value):
            _change(table, Change(path=(key,), value=value))
