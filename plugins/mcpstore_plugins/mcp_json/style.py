"""How a file is written, so that what is added to it looks as if its author had added it."""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast

import attrs

__all__ = ["Style", "style_of", "written"]

_INDENTED: Final = re.compile(r'[\r\n]([ \t]+)["{\[]')
_FIRST: Final = re.compile(r'[{\[][ \t]*\r?\n([ \t]+)["{\[]')
_COLON: Final = re.compile(r'"( ?: ?)["{\[\w-]')
_ARRAY: Final = re.compile(r"\[[ \t]*(?:(\r?\n)|(?=[^\]\s]))")
_ESCAPE: Final = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
_LONE: Final = re.compile("[\ud800-\udfff]")

_SAMPLE: Final = 65_536
"""Characters from the beginning that the style is taken from; a file is seldom written in two."""

LONGEST_LINE: Final = 100
"""An array of plain values that would reach beyond this column gets a line per value."""


@attrs.frozen(kw_only=True)
class Style:
    """How a file is written.

    Attributes:
        newline: What ends its lines.
        unit: One step of indentation.
        colon: What stands between name and value.
        is_padded: Whether one-line objects have a space inside their braces.
        has_flat_arrays: Whether arrays of plain values stand on one line.
        is_ascii: Whether characters beyond ASCII are escaped.
    """

    newline: str = "\n"
    unit: str = "  "
    colon: str = ": "
    is_padded: bool = False
    has_flat_arrays: bool = True
    is_ascii: bool = False

    @property
    def comma(self) -> str:
        """What stands between two members on one line."""
        return ", " if self.colon.endswith(" ") else ","


def style_of(text: str) -> Style:
    """Return the style of a JSON text, with the usual one for what it does not show."""
    sample = text[:_SAMPLE]
    windows = sample.count("\r\n")
    indent = _FIRST.search(sample) or _INDENTED.search(sample)
    colon = _COLON.search(sample)
    arrays = _ARRAY.findall(sample)
    return Style(
        newline="\r\n" if windows > sample.count("\n") - windows else "\n",
        unit=indent[1] if indent else "  ",
        colon=colon[1] if colon else ": ",
        is_padded=sample.count('{ "') > sample.count('{"'),
        has_flat_arrays=not arrays or arrays.count("") * 2 >= len(arrays),
        is_ascii=text.isascii() and _ESCAPE.search(text) is not None,
    )


def written(value: Any, style: Style, indent: str, *, on_one_line: bool) -> str:
    """Return `value` as JSON text.

    Args:
        value: A plain value.
        style: How the file is written.
        indent: Indentation of the line on which the value begins.
        on_one_line: Whether it has to stay there.

    Raises:
        ValueError: It contains a number JSON does not have.
    """
    if not isinstance(value, dict | list) or not value:
        text = json.dumps(value, ensure_ascii=style.is_ascii, allow_nan=False)
        # half a character can be kept in a file only as an escape
        return _LONE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    inner = indent + style.unit
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        parts = [
            f"{written(key, style, '', on_one_line=True)}{style.colon}"
            f"{written(item, style, inner, on_one_line=on_one_line)}"
            for key, item in fields.items()
        ]
        opening, closing, pad = "{", "}", " " if style.is_padded else ""
    else:
        items = cast("list[Any]", value)
        parts = [written(item, style, inner, on_one_line=on_one_line) for item in items]
        opening, closing, pad = "[", "]", ""
        flat = style.has_flat_arrays and not any(isinstance(item, dict | list) for item in items)
        on_one_line |= flat and len(indent) + sum(map(len, parts)) + 2 * len(parts) < LONGEST_LINE
    if on_one_line:
        return opening + pad + style.comma.join(parts) + pad + closing
    between = style.newline + inner
    return opening + between + f",{between}".join(parts) + style.newline + indent + closing
