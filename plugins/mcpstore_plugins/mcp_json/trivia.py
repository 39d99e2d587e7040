"""Trivia of a JSON text: the white space and comments between its values, and to which value they belong."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Gap", "comments", "gap_parts", "indentation", "is_blank", "joined"]

# The patterns are unambiguous, so that a failing match takes linear time. Possessive quantifiers would be clearer, but
# are broken in Python 3.11 before 3.11.5.
_BLOCK: Final = r"/\*[^*]*\*+(?:[^*/][^*]*\*+)*/"
_GAP: Final = re.compile(rf"((?:[ \t\r\n]+|//[^\r\n]*|{_BLOCK})*)(,?)")
_REST_OF_LINE: Final = re.compile(rf"[ \t]*(?:{_BLOCK}[ \t]*)*(?://[^\r\n]*)?(?=\r?\n)")
_TOKEN: Final = re.compile(rf"[ \t\r\n]+|(//[^\r\n]*|{_BLOCK})")


class Gap(NamedTuple):
    """Text between a value and the next one or the closing bracket.

    `before` is the text before the comma, `after` the text after it on the same line; both belong to the previous
    value. `lead` belongs to the next value.
    """

    before: str
    has_comma: bool
    after: str
    lead: str


def gap_parts(gap: str) -> Gap:
    """Split a gap into its parts."""
    match = _GAP.match(gap)
    before, comma = (match[1], match[2]) if match else ("", "")
    rest = gap[len(before) + 1 :] if comma else gap
    line = _REST_OF_LINE.match(rest)
    after = line[0] if line else ""
    if not comma:
        # a comma that is added later comes directly after the value, or after comments on following lines
        before = "" if line else comments(rest)
        rest = rest[len(before) :]
    return Gap(before, bool(comma), after, rest[len(after) :])


def comments(trivia: str) -> str:
    """Return `trivia` up to the end of its last comment; empty if it has none."""
    end = 0
    for token in _TOKEN.finditer(trivia):
        if token[1]:
            end = token.end()
    return trivia[:end]


def is_blank(trivia: str) -> bool:
    """Return whether `trivia` contains only white space."""
    return not trivia.strip(" \t\r\n")


def indentation(trivia: str) -> str | None:
    """Return the indentation of the text after `trivia`, or None if that text does not begin a line."""
    line = max(trivia.rfind("\n"), trivia.rfind("\r")) + 1
    return trivia[line : len(trivia) - len(trivia[line:].lstrip(" \t"))] if line else None


def joined(first: str, second: str, newline: str) -> str:
    """Return both pieces joined, with a line break between them if the second would become part of a comment."""
    *_, last = [None, *(token[1] for token in _TOKEN.finditer(first))]
    is_open = bool(last) and str(last).startswith("//")
    return first + (newline if is_open and not second.lstrip(" \t").startswith(("\r", "\n")) else "") + second
