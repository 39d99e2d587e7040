"""Where in a JSON text the odd things are. Asked only once something odd is known to be there: it is slower."""

from __future__ import annotations

import json
import re
from typing import Final

from mcpstore_plugins.mcp_json.jsonc import Malformed
from mcpstore_plugins.mcp_json.oddities import Oddities
from mcpstore_plugins.mcp_json.values import DEEPEST

__all__ = ["survey"]

_TOKEN: Final = re.compile(r'[^"{}\[\]:IN-]++|"(?:[^"\\]++|\\.)*+"|[{}\[\]:]|NaN|-?Infinity|-', re.DOTALL)
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
    last = (0, '""')
    for token in _TOKEN.finditer(text, start, end):
        mark, offset = token[0], token.start()
        if mark in "{[":
            opened.append({})
            if len(opened) > DEEPEST:
                raise Malformed(offset, f"this is nested deeper than {DEEPEST} levels", "flatten it")
        elif mark in "}]":
            opened.pop()
        elif mark == ":":
            _note_key(*last, opened[-1], odd)
        elif mark[0] == '"':
            last = (offset, mark)
            if "\\u" in mark and _LONE.search(json.loads(mark)):
                odd.note(offset, "this text contains half of a surrogate pair", "write the whole character")
        elif mark[0] in "NI-" and len(mark) > 1:
            odd.note(offset, f"{mark} is not a JSON number", "other programs refuse it: write null")


def _note_key(offset: int, written: str, seen: dict[str, int], odd: Oddities) -> None:
    key = json.loads(written)
    if key in seen:
        odd.note_twice(key, seen[key], offset)
    seen[key] = offset
