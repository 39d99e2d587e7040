"""Layout of a TOML text: offsets of its tables and values."""

from __future__ import annotations

import re
import tomllib
from typing import Final

import attrs

from mcpstore.hooks import Path

__all__ = ["Block", "TomlLayout", "layout_of"]

_TEXT: Final = (
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*""""{0,2}'
    r"|'''.*?''''{0,2}"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\n]*'"
)
_TOKEN: Final = re.compile(
    rf"(?P<text>{_TEXT})|(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<space>[ \t\r]+)"
    r"|(?P<bracket>[\[\]{}])|(?P<other>[^\"'\#\n\[\]{} \t\r]+|.)",
    re.DOTALL,
)
_PART: Final = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_KEY: Final = rf"[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART})*[ \t]*"
_HEADER: Final = re.compile(rf"\[(\[)?({_KEY})\]\]?")
_ASSIGNED: Final = re.compile(rf"({_KEY})=[ \t]*")
_PARTS: Final = re.compile(_PART)


@attrs.define
class Block:
    """A table in the text, from its header to its last line.

    Attributes:
        path: Path of the table; empty for the part before the first header.
        start: Offset of the header.
        end: Offset of the end of the last line that is not only a comment, without its line break.
    """

    path: Path
    start: int
    end: int


@attrs.frozen
class TomlLayout:
    """Layout of a text.

    Attributes:
        blocks: All tables in order; the first is the part before the first header.
        places: Offset of each value, by path, without values inside arrays and inline tables.
    """

    blocks: list[Block]
    offsets: dict[Path, int]


def layout_of(text: str) -> TomlLayout:
    """Return the layout of a well-formed text."""
    lay = TomlLayout([Block((), 0, 0)], {})
    lists: dict[Path, int] = {}
    offset = depth = 0
    begins_line = True
    while token := _TOKEN.match(text, offset):
        if begins_line and depth == 0 and (header := _HEADER.match(text, offset)):
            path = _resolved(_keys(header[2]), lists, is_new=bool(header[1]))
            lay.blocks.append(Block(path, offset, header.end()))
            lay.offsets.setdefault(path, offset)
            offset, begins_line = header.end(), False
            continue
        if begins_line and depth == 0 and (assigned := _ASSIGNED.match(text, offset)):
            lay.offsets.setdefault(lay.blocks[-1].path + _keys(assigned[1]), assigned.end())
            offset, begins_line = assigned.end(), False
            continue
        offset = token.end()
        kind = token.lastgroup
        if kind == "newline":
            begins_line = True
        elif kind == "bracket":
            depth += 1 if token[0] in "[{" else -1
        if kind in {"text", "bracket", "other"} or (kind == "comment" and not begins_line):
            begins_line = False
            lay.blocks[-1].end = offset
    return lay


def _keys(written: str) -> tuple[str, ...]:
    return tuple(
        str(tomllib.loads(f"key = {part}")["key"]) if part[0] in "\"'" else part for part in _PARTS.findall(written)
    )


def _resolved(keys: tuple[str, ...], lists: dict[Path, int], *, is_new: bool) -> Path:
    """Return the path that a header names; a key of an array of tables refers to its last table."""
    path: Path = ()
    for position, key in enumerate(keys):
        path = (*path, key)
        if is_new and position == len(keys) - 1:
            lists[path] = lists.get(path, -1) + 1
        if path in lists:
            path = (*path, lists[path])
    return path
