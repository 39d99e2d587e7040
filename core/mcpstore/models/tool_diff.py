"""Differences between two definitions of a tool, as text for users.

The definitions come from third parties, so invisible characters are written out, the result contains no control
characters, and time and size are bounded, however large the definitions are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import Any, Final

from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.text import lookalikes_marked, truncated, visible
from mcpstore.models.tool_fingerprint import MAX_KEPT, canonical, fingerprint_fields

__all__ = ["differences"]

MAX_LINES: Final = 20
"""Maximum number of lines about one tool."""

MAX_LINE: Final = 600
"""Maximum length of a line, in characters."""

MAX_SHORT_TEXT: Final = 80
"""Length up to which both texts are shown whole, in characters; longer ones are compared word by word."""

MAX_PIECE: Final = 160
"""Maximum length of one removed or added piece of text, in characters."""

CONTEXT: Final = 30
"""Length of the unchanged text shown on either side of a piece, in characters."""

MAX_TOKENS: Final = 400
"""Maximum number of words or lines that are compared; the time grows faster than their number."""

MAX_DEPTH: Final = 30
"""Maximum nesting depth of compared objects."""

Tokens = Sequence[str]

_WORD: Final = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
_PADDING: Final = re.compile(r"(\s)\1{3,}")
_NAME: Final = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the differences between two definitions of a tool, one line for each place; empty if there are none.

    Args:
        before: Old definition; None if only its hash is stored.
        after: New definition; None if only its hash is stored.
    """
    if before is None or after is None:
        return ("the definition changed; it is too large to be stored, so the differences are unknown",)
    old, new = fingerprint_fields(before), fingerprint_fields(after)
    if any(text is None or len(text) > MAX_KEPT for text in (canonical(old), canonical(new))):
        return ("the definition is too large or too deeply nested to show the differences",)
    all_lines = _walk("", old, new, 0)
    lines = [truncated(line, MAX_LINE) for line in islice(all_lines, MAX_LINES)]
    return (*lines, "and more") if next(all_lines, None) is not None else tuple(lines)


def _walk(path: str, old: Any, new: Any, depth: int) -> Iterator[str]:
    """Yield the differences below a path."""
    fields, others = as_object(old), as_object(new)
    if fields is not None and others is not None and depth < MAX_DEPTH:
        for key in dict.fromkeys((*fields, *others)):
            inner = _child_path(path, str(key))
            if key not in others:
                yield f"{inner} is gone: it was {_value(fields[key])}"
            elif key not in fields:
                yield f"{inner} is new: {_value(others[key])}"
            else:
                yield from _walk(inner, fields[key], others[key], depth + 1)
        return
    items, more = as_array(old), as_array(new)
    if items is not None and more is not None and depth < MAX_DEPTH:
        yield from _walk_items(path, items, more, depth + 1)
    elif isinstance(old, str) and isinstance(new, str):
        if old != new:
            yield _texts(path, old, new)
    elif (first := canonical(old)) is None or first != canonical(new):
        yield f"{path} was {_value(old)} and is {_value(new)}"


def _walk_items(path: str, old: Sequence[Any], new: Sequence[Any], depth: int) -> Iterator[str]:
    """Yield the differences between two lists, without their common start and end."""
    first, second = [canonical(item) for item in old], [canonical(item) for item in new]
    start, end = _common(first, second)
    removed, added = old[start : len(old) - end], new[start : len(new) - end]
    if len(removed) == len(added):
        for number, (one, other) in enumerate(zip(removed, added, strict=True), start):
            yield from _walk(f"{path}[{number}]", one, other, depth)
        return
    for number, item in enumerate(removed, start):
        yield f"{path}[{number}] is gone: it was {_value(item)}"
    for number, item in enumerate(added, start):
        yield f"{path}[{number}] is new: {_value(item)}"


def _child_path(path: str, key: str) -> str:
    if not _NAME.fullmatch(key):
        return f"{path}[{_quoted(truncated(key, MAX_SHORT_TEXT))}]"
    return f"{path}.{key}" if path else key


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(truncated(value, MAX_PIECE))
    try:
        return truncated(visible(json.dumps(value, ensure_ascii=False)), MAX_PIECE)
    except (TypeError, ValueError, RecursionError):
        return "a value that cannot be shown"


def _quoted(text: str) -> str:
    shown = visible(text)
    return f'"{shown}"' if "'" in shown else f"'{shown}'"


# --- texts ---------------------------------------------------------------------------------------------------


def _texts(path: str, old: str, new: str) -> str:
    if max(len(old), len(new)) <= MAX_SHORT_TEXT:
        return f"{path} was {_quoted(_lookalikes_marked(old, new))} and is {_quoted(_lookalikes_marked(new, old))}"
    return f"{path}: {''.join(_pieces(*_cut(old, new)))}"


def _cut(old: str, new: str) -> tuple[Tokens, Tokens]:
    """Return two texts split into words; into lines if there are too many words; whole if there are too many lines."""
    for cut in (_words, _lines):
        first, second = cut(old), cut(new)
        start, end = _common(first, second)
        if max(len(first), len(second)) - start - end <= MAX_TOKENS:
            return first, second
    start, end = _common(old, new)
    return (
        (old[:start], old[start : len(old) - end], old[len(old) - end :]),
        (new[:start], new[start : len(new) - end], new[len(new) - end :]),
    )


def _words(text: str) -> Tokens:
    return [match[0] for match in _WORD.finditer(text)]


def _lines(text: str) -> Tokens:
    return text.splitlines(keepends=True)


def _pieces(old: Tokens, new: Tokens) -> Iterator[str]:
    """Yield two texts as one: `[-removed-]{+added+}`, each with some of the unchanged text around it."""
    start, end = _common(old, new)
    stop, last = len(old) - end, len(new) - end
    yield _before("".join(old[:start]))
    changes = SequenceMatcher(None, old[start:stop], new[start:last], autojunk=False).get_opcodes()
    for kind, i, j, k, m in changes:
        removed, added = "".join(old[start + i : start + j]), "".join(new[start + k : start + m])
        if kind == "equal":
            yield _between(removed)
            continue
        if removed:
            yield f"[-{_piece(_lookalikes_marked(removed, added))}-]"
        if added:
            yield f"{{+{_piece(_lookalikes_marked(added, removed))}+}}"
    rest = "".join(old[stop:])
    yield visible(rest[:CONTEXT]) + ("…" if len(rest) > CONTEXT else "")


def _before(text: str) -> str:
    return visible(text) if len(text) <= CONTEXT else f"…{visible(text[-CONTEXT:])}"


def _between(text: str) -> str:
    return visible(text) if len(text) <= 2 * CONTEXT else f"{visible(text[:CONTEXT])}…{visible(text[-CONTEXT:])}"


def _piece(text: str) -> str:
    """Return a text in which long padding, which could hide the text after it, is replaced by its length."""
    shown = visible(_PADDING.sub(lambda match: f"{match[1]}<{len(match[0])} of these>", text))
    return shown if len(shown) <= MAX_PIECE else f"{shown[: 2 * MAX_PIECE // 3]}…{shown[-MAX_PIECE // 3 :]}"


def _common(old: Sequence[Any], new: Sequence[Any]) -> tuple[int, int]:
    """Return the lengths of the common start and of the common end of two sequences."""
    least = min(len(old), len(new))
    start = next((n for n in range(least) if old[n] != new[n]), least)
    end = next((n for n in range(least - start) if old[-1 - n] != new[-1 - n]), least - start)
    return start, end


def _lookalikes_marked(text: str, other: str) -> str:
    """Return a text in which letters that look like the ASCII letters of `other` are followed by their code points."""
    if text.isascii() or len(text) != len(other):
        return text
    pairs = zip(text, other, strict=True)
    return "".join(
        lookalikes_marked(letter) if letter != model and model.isascii() else letter for letter, model in pairs
    )
