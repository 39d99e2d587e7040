"""Saying what is wrong with a text that is not JSON, in the words of somebody who looks at the file."""

from __future__ import annotations

import unicodedata
from json import JSONDecodeError
from typing import Final

from mcpstore_plugins.mcp_json.jsonc import Malformed, end_of_space

__all__ = ["blame"]

_EXPECTED: Final = (
    ("Expecting property name", "a name in double quotes"),
    ("Illegal trailing comma", "a name in double quotes"),
    ("Expecting ':'", "a colon after the name"),
    ("Expecting ','", "a comma or the closing bracket"),
    ("Expecting value", "a value"),
)

_UNFIT: Final = (
    ("Unterminated string", "the text that begins here does not end", 'close it with "'),
    ("Invalid control character", "this text goes on beyond its line", 'close it with ", or write \\n for a new line'),
    ("Invalid \\escape", "there is no such escape", "write \\\\ for a backslash"),
    ("Invalid \\u", "\\u needs four hexadecimal digits", "write \\\\ for a backslash"),
)

# what stands in place of what was expected, and what whoever wrote it meant; the longest comes first
_MEANT: Final = (
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
    ("\0", "the file was damaged, perhaps by a power cut: restore it from a backup"),
)


def blame(text: str, error: JSONDecodeError) -> Malformed:
    """Return what the decoder of the standard library found wrong with `text`, with a remedy.

    Args:
        text: Blanked text.
        error: What the decoder said about it.
    """
    for begins, what, remedy in _UNFIT:
        if error.msg.startswith(begins):
            return Malformed(error.pos, what, remedy)
    # versions of Python differ in whether the offset is before or after white space
    offset = end_of_space(text, error.pos)
    expected = next((named for begins, named in _EXPECTED if error.msg.startswith(begins)), "something else")
    if offset >= len(text):
        what = f"expected {expected}, found the end of the file"
        return Malformed(offset, what, "is it complete? somebody may still be writing it")
    meant = next((remedy for written, remedy in _MEANT if text.startswith(written, offset)), "")
    return Malformed(offset, f"expected {expected}, found {_named(text[offset])}", meant or _guess(text, offset, error))


def _named(char: str) -> str:
    if char.isprintable():
        return char if char in "{}[],:" else repr(char)
    return f"U+{ord(char):04X} ({unicodedata.name(char, 'a control character')})"


def _guess(text: str, offset: int, error: JSONDecodeError) -> str:
    if error.msg.startswith("Expecting ','"):
        return "a comma may be missing before it" if text[offset] in '"{[' else "a quote or bracket may be missing"
    if error.msg.startswith("Expecting property name") and (text[offset].isalpha() or text[offset] == "_"):
        return "put the name into double quotes"
    return "repair the file by hand; it is left alone until then"
