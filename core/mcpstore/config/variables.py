"""Variables in the strings of a configuration: their syntax and their substitution.

==========================  ===============================================================================
`${NAME}`, `${env:NAME}`    environment variable; `{env:NAME}` is its form in opencode
`${NAME:-text}`             the same, or `text` if it is unset or empty; `text` may contain variables
`${input:id}`               value that the user supplies
`${workspaceFolder}` …      variable of editors: `workspaceFolderBasename`, `userHome`, `cwd`, `pathSeparator`, `/`
`{file:path}`               content of a file
`$${`                       a literal `${`
==========================  ===============================================================================

Substitution is not recursive: variables in a value are not expanded. No command is run: `$(…)` and every other form
stay as they are. `$NAME` without braces is left to shells; if a client reads it as a variable, its dialect has added
the braces before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import attrs

__all__ = ["Reference", "substitute"]


@attrs.frozen(kw_only=True)
class Reference:
    """A reference to a variable in a text.

    Attributes:
        kind: "env", "input", "file", "known" (an editor's variable) or "foreign" (only its editor can resolve it).
        name: Name of the variable.
        default: Text that is used if there is no value; it may contain references.
        text: The reference as written.
    """

    kind: str
    name: str
    default: str | None = None
    text: str = ""


EDITOR_VARIABLES: Final = frozenset(
    {"workspaceFolder", "workspaceFolderBasename", "userHome", "cwd", "pathSeparator", "/"}
)
"""Variables that editors predefine."""

_START: Final = re.compile(r"\$\$\{|\$\{|\{env:|\{file:")
_NAME: Final = re.compile(r"(?:env:)?(?P<name>[A-Za-z_]\w*)(?::-(?P<default>.*))?\Z", re.DOTALL | re.ASCII)
_SECRET: Final = re.compile(r"\{\s*secrets\.(?P<name>\w+)\s*\}\Z")  # Continue's `${{ secrets.NAME }}`


def substitute(text: str, resolve: Callable[[Reference], str | None]) -> str:
    """Return a text with every reference replaced by its value.

    Args:
        text: The text.
        resolve: Called with each reference; returns its value, or None to keep the reference.
    """
    if "{" not in text:
        return text
    closings = _matching_braces(text)  # all at once: a search for each one takes quadratic time
    parts: list[str] = []
    at = 0
    while (start := _START.search(text, at)) is not None:
        parts.append(text[at : start.start()])
        mark = start[0]
        if mark == "$${":
            parts.append("${")
            at = start.end()
            continue
        end = closings.get(start.start() + mark.index("{"))
        if end is None:
            parts.append(mark)
            at = start.end()
            continue
        whole = text[start.start() : end + 1]
        reference = _reference(mark, text[start.end() : end], whole)
        value = resolve(reference) if reference is not None else None
        parts.append(whole if value is None else value)
        at = end + 1
    parts.append(text[at:])
    return "".join(parts)


def _matching_braces(text: str) -> dict[int, int]:
    """Return the index of the closing brace for that of each opening one."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for i, char in enumerate(text):
        if char == "{":
            opened.append(i)
        elif char == "}" and opened:
            closing[opened.pop()] = i
    return closing


def _reference(mark: str, inner: str, whole: str) -> Reference | None:
    kind, name = _editor_reference(inner) if mark == "${" else ("file", inner) if mark == "{file:" else ("", "")
    if kind:
        return Reference(kind=kind, name=name, text=whole)
    match = _NAME.match(inner) or (_SECRET.match(inner) if mark == "${" else None)
    if match is None:
        return None
    return Reference(kind="env", name=match["name"], default=match.groupdict().get("default"), text=whole)


def _editor_reference(inner: str) -> tuple[str, str]:
    """Return kind and name of a reference in a form that editors have; empty for other forms."""
    head, _, tail = inner.partition(":")
    if inner in EDITOR_VARIABLES or head == "workspaceFolder":
        return "known", head
    if head == "input" and tail:
        return "input", tail
    return ("foreign", inner) if head in ("config", "command") and tail and tail[0] not in "-=+?" else ("", "")
