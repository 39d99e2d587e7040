"""Figures as people read them, and the words of services made harmless."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Final

from mcpstore.models.text import truncated

__all__ = ["clean", "duration", "markdown_text", "memory", "milliseconds", "percent", "when"]

NOTHING: Final = "–"  # noqa: RUF001 - a dash, as tables have
"""Stands where there is no figure."""

_BAD: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Categories of characters that move cursors, turn text around, or cannot be written."""
_JOINERS: Final = frozenset("\u200c\u200d")  # between letters and emoji they belong to the text
_MARKDOWN: Final = re.compile(r"[\\`*_\[\]|~#>]|:(?=//)|(?<=www)\.|@(?=\w)", re.IGNORECASE)
_SPANS: Final = (
    (86_400, "d", 3600, "h", 86_370),
    (3600, "h", 60, "min", 3599.5),
    (60, "min", 1, "s", 59.5),
)
"""Unit and the one below it, in seconds, and from where on it is used: rounded, it is never 60 of the one below."""


def clean(text: str, *, longest: int = 500) -> str:
    """Return text of a stranger on one line, without characters that could do something to a terminal or a page.

    Args:
        text: The text.
        longest: Characters it may have.
    """
    if text.isascii() and text.isprintable():
        shown = text
    else:
        shown = "".join(_harmless(character) for character in text[: longest + 1])
    return truncated(shown, longest)


def _harmless(character: str) -> str:
    if character in "\n\r\t\u2028\u2029":
        return " "
    return "\ufffd" if unicodedata.category(character) in _BAD and character not in _JOINERS else character


def markdown_text(text: str) -> str:
    """Return text of a stranger for Markdown: it makes no links, no tables, no elements."""
    shown = clean(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN.sub(r"\\\g<0>", shown)


def when(timestamp: float, *, since: float | None = None) -> str:
    """Return a POSIX timestamp as local time.

    Args:
        timestamp: Seconds.
        since: The beginning of what is told; on the same day, the time of day is enough.
    """
    moment = datetime.fromtimestamp(timestamp).astimezone()
    if since is not None and datetime.fromtimestamp(since).astimezone().date() == moment.date():
        return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def duration(seconds: float) -> str:
    """Return seconds in the two largest units that matter: "4.2 s", "3 min 20 s", "2 d 5 h"."""
    for size, unit, below, small, least in _SPANS:
        if seconds >= least:
            whole, rest = divmod(round(seconds / below), size // below)
            return f"{whole} {unit} {rest} {small}" if rest else f"{whole} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - two digits in any case


def percent(share: float | None) -> str:
    """Return per cent; what is not whole is never rounded up to 100 %."""
    if share is None:
        return NOTHING
    if share >= 100 or share == 0:  # noqa: PLR2004
        return f"{share:.0f} %"
    if share < 0.1:  # noqa: PLR2004
        return "< 0.1 %"
    return f"{min(share, 99.99):.2f} %" if share > 99 else f"{share:.1f} %"  # noqa: PLR2004


def milliseconds(seconds: float | None) -> str:
    """Return a short duration, given in seconds."""
    if not seconds:
        return NOTHING
    if seconds >= 1:
        return f"{seconds:.2f} s"
    told = seconds * 1000
    return f"{told:.1f} ms" if told < 10 else f"{told:.0f} ms"  # noqa: PLR2004


def memory(size: float | None) -> str:
    """Return bytes in MiB or GiB."""
    if not size:
        return NOTHING
    told = size / 2**20
    return f"{told:.0f} MiB" if told < 1000 else f"{told / 1024:.1f} GiB"  # noqa: PLR2004
