"""Search for duplicate keys and invalid values in a JSON text; used only if the text is known to have any."""

from __future__ import annotations

import re
from typing import Final

from mcpstore_plugins.mcp_json.jsonc import Malformed, value_at
from mcpstore_plugins.mcp_json.values import MAX_DEPTH
from mcpstore_plugins.mcp_json.warning_collector import WarningCollector

__all__ = ["add_warnings"]

_NUMBER: Final = {"N": "NaN", "I": "Infinity", "-I": "-Infinity"}
_MARK: Final = re.compile(r'["{}\[\]:NI]|-I')
_LONE: Final = re.compile("[\ud800-\udfff]")


def add_warnings(text: str, start: int, end: int, warnings: WarningCollector) -> None:
    """Add warnings about duplicate keys, NaN and infinite numbers, and lone surrogates.

    Args:
        text: Blanked text.
        start: Offset of the root.
        end: Offset of the end of the root.
        warnings: Collects the warnings.

    Raises:
        Malformed: The document is nested too deeply.
    """
    # the keys of each open bracket with their offsets; a list instead of recursion, because the depth is unbounded
    opened: list[dict[str, int]] = []
    key, key_offset = "", 0
    while match := _MARK.search(text, start, end):
        mark, offset, start = match[0], match.start(), match.end()
        if mark == '"':
            key_offset = offset
            key, start = value_at(text, offset)
            if _LONE.search(key):
                warnings.add(offset, "this text contains half of a surrogate pair", "write the whole character")
        elif mark == ":":
            if key in opened[-1]:
                warnings.add_duplicate(key, opened[-1][key], key_offset)
            opened[-1][key] = key_offset
        elif mark in "{[":
            opened.append({})
            if len(opened) > MAX_DEPTH:
                raise Malformed(offset, f"this is nested deeper than {MAX_DEPTH} levels", "flatten it")
        elif mark in "}]":
            opened.pop()
        else:
            name = _NUMBER[mark]
            start = offset + len(name)
            warnings.add(offset, f"{name} is not a JSON number", "write null; other programs refuse it")
