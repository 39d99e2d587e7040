"""JSON with comments and trailing commas, turned into strict JSON.

Comments and trailing commas are replaced by spaces, character by character, so that all offsets stay valid. The parser
of the standard library, positions and edits then work on strict JSON.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, Final

__all__ = ["Malformed", "blanked", "end_of_space", "value_at"]

_DECODER: Final = json.JSONDecoder()
_OPENING: Final = re.compile(r"/[/*]")
_COMMENT: Final = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_LAST_COMMA: Final = re.compile(r",(?=[ \t\r\n]*[\]}])")
_SPACE: Final = re.compile(r"[ \t\r\n]*")


class Malformed(Exception):
    """Syntax error in a text.

    Attributes:
        offset: Offset of the first invalid character.
        what: Description of the error.
        remedy: How to correct it.
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
    return _without_last_commas(_without_comments(text))


def end_of_space(text: str, offset: int) -> int:
    """Return the offset of the first character at or after `offset` that is not white space."""
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def value_at(text: str, offset: int) -> tuple[Any, int]:
    """Return the strict JSON value that begins at `offset`, and the offset of its end."""
    return _DECODER.raw_decode(text, offset)


class _Walk:
    """Position in a text that tells whether an offset is inside a string; offsets must be ascending."""

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self.at = 0

    def reaches(self, offset: int) -> bool:
        """Return whether `offset` is outside of strings; if it is inside one, move to the end of that string.

        Raises:
            JSONDecodeError: A string before the offset is malformed.
        """
        # a string ends on its line, so the search can begin at the last line break
        self.at = max(self.at, self.text.rfind("\n", self.at, offset) + 1)
        while (quote := self.text.find('"', self.at, offset)) >= 0:
            self.at = value_at(self.text, quote)[1]
            if self.at > offset:
                return False
        self.at = offset
        return True


def _without_comments(text: str) -> str:
    walk, pieces, done = _Walk(text), list[str](), 0
    # a malformed string ends the search: the parser stops there and reports it
    with suppress(json.JSONDecodeError):
        while opening := _OPENING.search(text, walk.at):
            if not walk.reaches(opening.start()):
                continue
            comment = _COMMENT.match(text, opening.start())
            if comment is None:
                raise Malformed(opening.start(), "this comment is not closed", "close it with */")
            pieces += (text[done : comment.start()], " " * len(comment[0]))
            done = walk.at = comment.end()
    return "".join(pieces) + text[done:]


def _without_last_commas(text: str) -> str:
    walk, pieces, done = _Walk(text), list[str](), 0
    with suppress(json.JSONDecodeError):
        while comma := _LAST_COMMA.search(text, walk.at):
            if not walk.reaches(comma.start()):
                continue
            # the comma in `{,}` stays, so that the parser reports it
            if _before(text, comma.start()) not in "{[,:":
                pieces += (text[done : comma.start()], " ")
                done = comma.end()
            walk.at = comma.end()
    return "".join(pieces) + text[done:]


def _before(text: str, offset: int) -> str:
    """Return the last character before `offset` that is not white space; an opening bracket if there is none."""
    offset -= 1
    while offset >= 0 and text[offset] in " \t\r\n":
        offset -= 1
    return text[offset] if offset >= 0 else "{"
