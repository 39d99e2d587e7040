r"""Parser of `.env` files: lines of the form `NAME=value`.

A leading `export`, comments, and single and double quotes are supported; a quoted value may span several lines. Within
double quotes, `\n`, `\r`, `\t`, `\"`, `\\` and `\$` are escapes. No variable is expanded and no command is run.
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
    """Return the variables of a `.env` file; other lines are ignored."""
    variables: dict[str, str] = {}
    for line in _LINE.finditer(text.removeprefix("\ufeff")):
        if (single := line["single"]) is not None:
            value = single
        elif (double := line["double"]) is not None:
            value = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), double, flags=re.DOTALL)
        else:
            value = _COMMENT.sub("", line["plain"]).strip()
        variables[line["name"]] = value
    return variables
