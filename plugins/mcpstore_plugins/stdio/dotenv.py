"""Reading files of `NAME=value` lines, the common part of what editors and container tools call an env file."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse"]

_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)")
_QUOTED: Final = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)\"""")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> dict[str, str]:
    r"""Return the variables of an env file.

    Empty lines and lines that begin with `#` are skipped; `export ` may precede a name. Single quotes keep everything
    literally, double quotes know the escapes `\n`, `\r`, `\t`, `\"` and `\\`; without quotes a value ends at ` #`.
    Nothing is expanded. The last line of a name wins.

    Raises:
        ValueError: A line that is none of this; tells its number and never its content.
    """
    variables: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _LINE.fullmatch(stripped)
        if found is None:
            raise ValueError(f"line {number} is not NAME=value")
        variables[found[1]] = _value(found[2], number)
    return variables


def _value(raw: str, number: int) -> str:
    if raw[:1] not in ("'", '"'):
        return "" if raw.startswith("#") else re.split(r"\s#", raw, maxsplit=1)[0].rstrip()
    quoted = _QUOTED.match(raw)
    rest = raw[quoted.end() :].strip() if quoted else ""
    if quoted is None or (rest and not rest.startswith("#")):
        raise ValueError(f"line {number} has an unfinished quotation")
    if quoted[1] is not None:
        return quoted[1]
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted[2])
