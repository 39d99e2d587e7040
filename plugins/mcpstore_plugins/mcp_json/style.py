"""Formatting style of a JSON file, detected and applied to added values."""

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
"""Characters at the beginning of the file from which the style is detected."""

MAX_COLUMN: Final = 100
"""Column up to which an array of plain values is written on one line; longer ones get a line per value."""


@attrs.frozen(kw_only=True)
class Style:
    """Formatting style of a JSON file.

    Attributes:
        newline: Line break.
        unit: One step of indentation.
        colon: Separator of name and value.
        is_padded: Whether one-line objects have a space inside their braces.
        has_flat_arrays: Whether arrays of plain values are written on one line.
        is_ascii: Whether non-ASCII characters are escaped.
    """

    newline: str = "\n"
    unit: str = "  "
    colon: str = ": "
    is_padded: bool = False
    has_flat_arrays: bool = True
    is_ascii: bool = False

    @property
    def comma(self) -> str:
        """Separator of two members on one line."""
        return ", " if self.colon.endswith(" ") else ","


def style_of(text: str) -> Style:
    """Return the style of a JSON text, with defaults for what the text does not show."""
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
        style: Style of the file.
        indent: Indentation of the line on which the value begins.
        on_one_line: Whether the value must stay on that line.

    Raises:
        ValueError: The value contains NaN or an infinite number.
    """
    if not isinstance(value, dict | list) or not value:
        text = json.dumps(value, ensure_ascii=style.is_ascii, allow_nan=False)
        # a lone surrogate can be written to a file only as an escape
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
        on_one_line |= flat and len(indent) + sum(map(len, parts)) + 2 * len(parts) < MAX_COLUMN
    if on_one_line:
        return opening + pad + style.comma.join(parts) + pad + closing
    between = style.newline + inner
    return opening + between + f",{between}".join(parts) + style.newline + indent + closing
