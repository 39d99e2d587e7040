"""Where in a JSON text the odd things are. Asked only once something odd is known to be there: it is slower."""

from __future__ import annotations

import re
from typing import Final

from mcpstore_plugins.mcp_json.jsonc import Malformed, value_at
from mcpstore_plugins.mcp_json.values import DEEPEST
from mcpstore_plugins.mcp_json.warnings import Oddities

__all__ = ["survey"]

_NUMBER: Final = {"N": "NaN", "I": "Infinity", "-I": "-Infinity"}
_MARK: Final = re.compile(r'["{}\[\]:NI]|-I')
_LONE: Final = re.compile("[\ud800-\udfff]")


def survey(text: str, start: int, end: int, odd: Oddities) -> None:
    """Take note of duplicate keys, numbers that are none and half characters of a document.

    Args:
        text: Blanked text.
        start: Offset of the root.
        end: Offset behind it.
        odd: Where to note them.

    Raises:
        Malformed: The document is nested too deeply.
    """
    # per open bracket the keys seen in it, with their offsets; a list and no recursion, because depth may be anything
    opened: list[dict[str, int]] = []
    key, place = "", 0
    while found := _MARK.search(text, start, end):
        mark, offset, start = found[0], found.start(), found.end()
        if mark == '"':
            place = offset
            key, start = value_at(text, offset)
            if _LONE.search(key):
                odd.note(offset, "this text contains half of a surrogate pair", "write the whole character")
        elif mark == ":":
            if key in opened[-1]:
                odd.note_twice(key, opened[-1][key], place)
            opened[-1][key] = place
        elif mark in "{[":
            opened.append({})
            if len(opened) > DEEPEST:
                raise Malformed(offset, f"this is nested deeper than {DEEPEST} levels", "flatten it")
        elif mark in "}]":
            opened.pop()
        else:
            name = _NUMBER[mark]
            start = offset + len(name)
            odd.note(offset, f"{name} is not a JSON number", "other programs refuse it: write null")
