"""Error messages for malformed JSON, with the place in the file and a remedy."""

from __future__ import annotations

import unicodedata
from json import JSONDecodeError
from typing import Final

from mcpstore_plugins.mcp_json.jsonc import Malformed, end_of_space

__all__ = ["explained"]

_EXPECTED: Final = (
    ("Expecting property name", "a name in double quotes"),
    ("Illegal trailing comma", "a name in double quotes"),
    ("Expecting ':'", "a colon after the name"),
    ("Expecting ','", "a comma or the closing bracket"),
    ("Expecting value", "a value"),
)

_MALFORMED_STRINGS: Final = (
    ("Unterminated string", "this string is not closed", 'close it with "'),
    (
        "Invalid control character",
        "this string is not closed on its line",
        'close it with ", or write \\n for a line break',
    ),
    ("Invalid \\escape", "this escape sequence does not exist", "write \\\\ for a backslash"),
    ("Invalid \\u", "\\u needs four hexadecimal digits", "write \\\\ for a backslash"),
)

# common mistakes and their remedies; a longer text comes before its prefix
_MISTAKES: Final = (
    ("<<<<<<<", "finish the merge of this file"),
    (">>>>>>>", "finish the merge of this file"),
    ("=======", "finish the merge of this file"),
    ("True", "write true"),
    ("False", "write false"),
    ("None", "write null"),
    ("undefined", "write null"),
    ("#", "begin comments with //"),
    ("'", "use double quotes"),
    ("\u201c", "use straight double quotes"),
    ("\u201d", "use straight double quotes"),
    ("\u00a0", "use an ordinary space"),
    ("\0", "restore the file from a backup; it was damaged, perhaps by a power cut"),
)


def explained(text: str, error: JSONDecodeError) -> Malformed:
    """Return the syntax error, with a remedy, for an error of the standard library's decoder.

    Args:
        text: Blanked text.
        error: Error of the decoder.
    """
    for prefix, what, remedy in _MALFORMED_STRINGS:
        if error.msg.startswith(prefix):
            return Malformed(error.pos, what, remedy)
    # the offset is before or after white space, depending on the version of Python
    offset = end_of_space(text, error.pos)
    expected = next(
        (description for prefix, description in _EXPECTED if error.msg.startswith(prefix)), "something else"
    )
    if offset >= len(text):
        what = f"expected {expected}, found the end of the file"
        return Malformed(offset, what, "complete the file; a program may still be writing it")
    remedy = next((remedy for mistake, remedy in _MISTAKES if text.startswith(mistake, offset)), "")
    return Malformed(
        offset, f"expected {expected}, found {_named(text[offset])}", remedy or _guess(text, offset, error)
    )


def _named(char: str) -> str:
    if char.isprintable():
        return char if char in "{}[],:" else repr(char)
    return f"U+{ord(char):04X} ({unicodedata.name(char, 'a control character')})"


def _guess(text: str, offset: int, error: JSONDecodeError) -> str:
    if error.msg.startswith("Expecting ','"):
        return "add the missing comma before it" if text[offset] in '"{[' else "add the missing quote or bracket"
    if error.msg.startswith("Expecting property name") and (text[offset].isalpha() or text[offset] == "_"):
        return "put the name into double quotes"
    return "repair the file by hand; it is not changed until then"
