"""Reading JSON as people write it: with comments and trailing commas.

What JSON does not know is blanked out, character by character, so that every offset stays what it was. Whatever comes
after (the parser of the standard library, positions, edits) sees strict JSON.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Malformed", "blanked", "end_of_space"]

# Possessive quantifiers: the scans must be linear, and must not grow a stack over 10 MB of text.
_STRING: Final = r'"(?:[^"\\\r\n]++|\\[^\r\n])*+"'
_TO_COMMENT: Final = re.compile(rf'(?:[^"/]++|{_STRING}|/(?![/*]))*+')
_COMMENT: Final = re.compile(r"//[^\r\n]*+|/\*(?s:.*?)\*/")
_TO_COMMA: Final = re.compile(rf'(?:[^",]++|{_STRING}|,(?![ \t\r\n]*+[\]}}]))*+')
_SPACE: Final = re.compile(r"[ \t\r\n]*+")


class Malformed(Exception):
    """Text that is not JSON, and where it stops being that.

    Attributes:
        offset: Of the character that does not fit.
        what: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, offset: int, what: str, remedy: str) -> None:
        self.offset: Final = offset
        self.what: Final = what
        self.remedy: Final = remedy
        super().__init__(what)


def blanked(text: str) -> str:
    """Return `text` with spaces in place of comments and trailing commas.

    Raises:
        Malformed: A comment does not end.
    """
    return _without_trailing_commas(_without_comments(text))


def end_of_space(text: str, offset: int) -> int:
    """Return the offset of the first character at or after `offset` that is not white space."""
    found = _SPACE.match(text, offset)
    return found.end() if found else offset


def _without_comments(text: str) -> str:
    pieces: list[str] = []
    done = 0
    while (start := _reach(_TO_COMMENT, text, done)) < len(text) and text[start] == "/":
        comment = _COMMENT.match(text, start)
        if comment is None:
            raise Malformed(start, "the comment that begins here does not end", "close it with */")
        pieces += (text[done:start], " " * (comment.end() - start))
        done = comment.end()
    return "".join(pieces) + text[done:]


def _without_trailing_commas(text: str) -> str:
    pieces: list[str] = []
    done = start = 0
    while (start := _reach(_TO_COMMA, text, start)) < len(text) and text[start] == ",":
        before = start - 1
        while before >= 0 and text[before] in " \t\r\n":
            before -= 1
        # `{,}` has a comma that ends nothing: it stays, for the parser to find
        if before >= 0 and text[before] not in "{[,:":
            pieces += (text[done:start], " ")
            done = start + 1
        start += 1
    return "".join(pieces) + text[done:]


def _reach(pattern: re.Pattern[str], text: str, offset: int) -> int:
    found = pattern.match(text, offset)
    return found.end() if found else offset
