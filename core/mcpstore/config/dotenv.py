r"""Reading `.env` files: `NAME=value` lines, as clients put them beside their configuration.

`export` in front, comments, and both kinds of quotes are understood; a quoted value may go over several lines. Within
double quotes `\n`, `\t`, `\"`, `\\` and `\$` mean what they mean in a shell. Nothing is substituted and nothing is run.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_dotenv"]

_LINE: Final = re.compile(
    r"""
    ^[ \t]* (?:export[ \t]+)? (?P<name>[A-Za-z_][\w.-]*) [ \t]* = [ \t]*
    (?: '(?P<single>[^']*)' | "(?P<double>(?:\\.|[^"\\])*)" | (?P<plain>[^\r\n]*) )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"(?:^|[ \t])\#.*")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def parse_dotenv(text: str) -> dict[str, str]:
    """Return the variables of a `.env` file; lines that set none are passed over."""
    found: dict[str, str] = {}
    for line in _LINE.finditer(text.removeprefix("\ufeff")):
        if (single := line["single"]) is not None:
            value = single
        elif (double := line["double"]) is not None:
            value = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), double, flags=re.DOTALL)
        else:
            value = _COMMENT.sub("", line["plain"]).strip()
        found[line["name"]] = value
    return found
