"""Variables in texts of a configuration: their forms, and putting values in their place.

==========================  ===============================================================================
`${NAME}`, `${env:NAME}`    a variable of the environment; `{env:NAME}` is opencode's form of it
`${NAME:-text}`             the same, or `text` where it is unset or empty; `text` may hold variables
`${input:id}`               something to be asked for
`${workspaceFolder}` …      what editors know: `workspaceFolderBasename`, `userHome`, `cwd`, `pathSeparator`, `/`
`{file:path}`               the content of a file
`$${`                       `${` itself
==========================  ===============================================================================

Values are put in once: what a value holds is not looked at again. Nothing is ever run, so `$(…)` stays what it is, as
does every other form. `$NAME` without braces is for shells; where a client reads it as a variable, the dialect has
already given it braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import attrs

__all__ = ["Reference", "substitute"]


@attrs.frozen(kw_only=True)
class Reference:
    """A place in a text where a value belongs.

    Attributes:
        kind: "env", "input", "file", "known" (an editor's variable) or "foreign" (one that only an editor can know).
        name: What it is called.
        default: The text to be used without a value; it may hold references itself.
        text: How it is written.
    """

    kind: str
    name: str
    default: str | None = None
    text: str = ""


KNOWN: Final = frozenset({"workspaceFolder", "workspaceFolderBasename", "userHome", "cwd", "pathSeparator", "/"})
"""What editors know without being told."""

_START: Final = re.compile(r"\$\$\{|\$\{|\{env:|\{file:")
_NAME: Final = re.compile(r"(?:env:)?(?P<name>[A-Za-z_]\w*)(?::-(?P<default>.*))?\Z", re.DOTALL | re.ASCII)
_SECRET: Final = re.compile(r"\{\s*secrets\.(?P<name>\w+)\s*\}\Z")  # Continue's `${{ secrets.NAME }}`


def substitute(text: str, resolve: Callable[[Reference], str | None]) -> str:
    """Return a text with a value in the place of every reference.

    Args:
        text: The text.
        resolve: Called with each reference; its value, or None to leave what stands there.
    """
    if "{" not in text:
        return text
    closings = _closings(text)  # all at once: looking for each anew would take quadratic time
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


def _closings(text: str) -> dict[int, int]:
    """Return where each brace that is closed closes."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for i, char in enumerate(text):
        if char == "{":
            opened.append(i)
        elif char == "}" and opened:
            found[opened.pop()] = i
    return found


def _reference(mark: str, inner: str, whole: str) -> Reference | None:
    kind, name = _editor_reference(inner) if mark == "${" else ("file", inner) if mark == "{file:" else ("", "")
    if kind:
        return Reference(kind=kind, name=name, text=whole)
    found = _NAME.match(inner) or (_SECRET.match(inner) if mark == "${" else None)
    if found is None:
        return None
    return Reference(kind="env", name=found["name"], default=found.groupdict().get("default"), text=whole)


def _editor_reference(inner: str) -> tuple[str, str]:
    """Return kind and name of a reference in the forms only editors have; empty if it is none."""
    head, _, tail = inner.partition(":")
    if inner in KNOWN or head == "workspaceFolder":
        return "known", head
    if head == "input" and tail:
        return "input", tail
    return ("foreign", inner) if head in ("config", "command") and tail and tail[0] not in "-=+?" else ("", "")
