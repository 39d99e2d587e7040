"""Text of strangers: what a server says may reach a terminal or a log, but may not command it."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["harmless", "one_line"]

# Colours, cursor movements, window titles and the like (ECMA-48), whole; an unfinished one goes to the end of its line.
_ESCAPE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# Every other control character but the tab and the newline, and those that turn the direction of text around.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


def harmless(text: str) -> str:
    """Return a text without anything that a terminal would obey; newlines and tabs stay."""
    if text.isprintable():
        return text
    return _CONTROL.sub(_INSTEAD, _ESCAPE.sub("", text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """Return a text as one line without anything that a terminal would obey: nobody can forge a second line."""
    if text.isprintable():
        return text
    return " ".join(harmless(text).split())
