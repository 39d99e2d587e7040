"""Edits of a TOML text in place.

Whole tables, such as the entry of a service, are inserted and removed as lines. tomlkit does all other edits; with
tables, it leaves blank lines behind, and forgets those before the next table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, pairwise
from typing import Any, Final

from mcpstore.hooks import MISSING
from mcpstore.models.json_types import as_object
from mcpstore_plugins.mcp_json.file_format import CannotRewrite
from mcpstore_plugins.mcp_json.toml_layout import layout_of
from mcpstore_plugins.mcp_json.values import Change, is_equal, wrapped

__all__ = ["rewrite"]

_COMMENTS: Final = re.compile(r".*#[^\r\n]*", re.DOTALL)


def rewrite(text: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the text with the changes applied, in up to two ways.

    Which one is right depends on the notation of its tables; the caller finds out by parsing the result.
    """
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    with suppress(CannotRewrite):
        yield _by_lines(text, changes, newline)
    yield _by_tomlkit(text, changes, newline)


def _by_lines(text: str, changes: Sequence[Change], newline: str) -> str:
    for (removes, _), run in groupby(changes, key=lambda change: (change.value is MISSING, change.path[:-1])):
        pending = list(run)
        while pending:
            text, rest = _cut(text, pending) if removes else _insert(text, pending, newline)
            if len(rest) == len(pending):
                text, rest = _by_tomlkit(text, rest[:1], newline), rest[1:]
            pending = rest
    return text


def _insert(text: str, changes: list[Change], newline: str) -> tuple[str, list[Change]]:
    """Insert new tables after their siblings, or else at the end; return the text and the remaining changes."""
    import tomlkit  # noqa: PLC0415 - needed only for edits

    lay, parent = layout_of(text), changes[0].path[:-1]
    depth = len(parent) + 1
    taken = {path[:depth] for path in lay.offsets}
    new = [change for change in changes if as_object(change.value) is not None and change.path not in taken]
    if not new or any(isinstance(key, int) for key in parent):
        return text, changes
    siblings = [block for block in lay.blocks if parent and block.path[: len(parent)] == parent]
    end = (siblings or lay.blocks)[-1].end
    tables = (tomlkit.dumps(wrapped(change.path, change.value)).strip("\n") for change in new)
    lines = "\n\n".join(tables).replace("\n", newline)
    if end:
        text = text[:end] + newline * 2 + lines + text[end:]
    else:
        # the file has only comments and blank lines: they stay at the top
        head = text + ("" if text.endswith("\n") else newline) if text.strip() else ""
        text = head + lines + newline
    inserted = {change.path for change in new}
    return text, [change for change in changes if change.path not in inserted]


def _cut(text: str, changes: list[Change]) -> tuple[str, list[Change]]:
    """Remove tables with all their subtables; comments on the lines above them stay, as they may concern more."""
    blocks, paths = layout_of(text).blocks, {change.path for change in changes}
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
    import tomlkit  # noqa: PLC0415 - needed only for edits

    try:
        document = tomlkit.parse(text.replace("\r\n", "\n"))
        for change in changes:
            _change(document, change)
        return tomlkit.dumps(document).replace("\n", newline)
    except Exception as error:
        # tomlkit raises many kinds of errors for what TOML cannot express
        raise CannotRewrite("this change cannot be made in place; edit the file by hand") from error


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
        if key not in table or not is_equal(table[key].unwrap(), value):
            _change(table, Change(path=(key,), value=value))
