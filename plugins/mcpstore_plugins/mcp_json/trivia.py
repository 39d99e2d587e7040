"""What stands between the values of a JSON text: white space and comments, and to which value they belong."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Gap", "comments", "gap_parts", "indentation", "is_blank", "joined"]

# No two ways to match anything, so that failing takes linear time. Possessive quantifiers would say so more plainly,
# but they are broken in Python 3.11 before 3.11.5.
_BLOCK: Final = r"/\*[^*]*\*+(?:[^*/][^*]*\*+)*/"
_GAP: Final = re.compile(rf"((?:[ \t\r\n]+|//[^\r\n]*|{_BLOCK})*)(,?)")
_REST_OF_LINE: Final = re.compile(rf"[ \t]*(?:{_BLOCK}[ \t]*)*(?://[^\r\n]*)?(?=\r?\n)")
_TOKEN: Final = re.compile(rf"[ \t\r\n]+|(//[^\r\n]*|{_BLOCK})")


class Gap(NamedTuple):
    """What stands between a value and the next one, or the closing bracket.

    `before` stands before the comma, `after` follows it on the same line, and both belong to the value before them;
    `lead` belongs to what comes next.
    """

    before: str
    has_comma: bool
    after: str
    lead: str


def gap_parts(gap: str) -> Gap:
    """Take a gap apart."""
    found = _GAP.match(gap)
    before, comma = (found[1], found[2]) if found else ("", "")
    rest = gap[len(before) + 1 :] if comma else gap
    line = _REST_OF_LINE.match(rest)
    after = line[0] if line else ""
    if not comma:
        # the comma that may come one day stands directly behind the value, unless a comment on its line clings to it
        before = "" if line else comments(rest)
        rest = rest[len(before) :]
    return Gap(before, bool(comma), after, rest[len(after) :])


def comments(trivia: str) -> str:
    """Return the beginning of `trivia` up to its last comment; empty if it has none."""
    end = 0
    for token in _TOKEN.finditer(trivia):
        if token[1]:
            end = token.end()
    return trivia[:end]


def is_blank(trivia: str) -> bool:
    """Return whether there is nothing but white space."""
    return not trivia.strip(" \t\r\n")


def indentation(trivia: str) -> str | None:
    """Return how far what follows `trivia` is indented, or None if it does not begin a line."""
    line = max(trivia.rfind("\n"), trivia.rfind("\r")) + 1
    return trivia[line : len(trivia) - len(trivia[line:].lstrip(" \t"))] if line else None


def joined(first: str, second: str, newline: str) -> str:
    """Return both pieces in a row, with a line break between them where a comment would swallow the second."""
    *_, last = [None, *(token[1] for token in _TOKEN.finditer(first))]
    is_open = bool(last) and str(last).startswith("//")
    return first + (newline if is_open and not second.lstrip(" \t").startswith(("\r", "\n")) else "") + second
