"""Where in a JSON text the odd things are. Asked only once something odd is known to be there: it is slower."""

from __future__ import annotations

import json
import re
from typing import Final

from mcpstore_plugins.mcp_json.jsonc import Malformed
from mcpstore_plugins.mcp_json.reading import Oddity
from mcpstore_plugins.mcp_json.text import position
from mcpstore_plugins.mcp_json.values import DEEPEST

__all__ = ["survey"]

_TOKEN: Final = re.compile(r'[^"{}\[\]:IN-]++|"(?:[^"\\]++|\\.)*+"|[{}\[\]:]|NaN|-?Infinity|-', re.DOTALL)
_LONE: Final = re.compile("[\ud800-\udfff]")


def survey(text: str, start: int) -> list[Oddity]:
    """Return duplicate keys, numbers that are none and half characters of the document that begins at `start`.

    Args:
        text: Blanked text.
        start: Offset of the root.

    Raises:
        Malformed: The document is nested too deeply.
    """
    found: list[Oddity] = []
    # per open bracket the keys seen in it, with their offsets; goes by a list, because depth may be anything
    opened: list[dict[str, int]] = []
    last = (0, '""')
    for token in _TOKEN.finditer(text, start):
        mark, offset = token[0], token.start()
        if mark in "{[":
            opened.append({})
            if len(opened) > DEEPEST:
                raise Malformed(offset, f"this is nested deeper than {DEEPEST} levels", "flatten it")
        elif mark in "}]":
            opened.pop()
            if not opened:
                break
        elif mark == ":":
            _note_key(text, *last, opened[-1], found)
        elif mark[0] == '"':
            last = (offset, mark)
            if "\\u" in mark and _LONE.search(json.loads(mark)):
                found.append(Oddity(offset, "this text contains half of a surrogate pair", "write the whole character"))
        elif mark[0] in "NI-" and len(mark) > 1:
            found.append(Oddity(offset, f"{mark} is not a JSON number", "other programs refuse it: write null"))
    return found


def _note_key(text: str, offset: int, written: str, seen: dict[str, int], found: list[Oddity]) -> None:
    key = json.loads(written)
    if key in seen:
        first, again = position(text, seen[key])[0], position(text, offset)[0]
        what = f"{key!r} stands twice, on line {first} and on line {again}, and the last one counts"
        found.append(Oddity(offset, what, "remove or rename one of them"))
    seen[key] = offset
