"""Formatting of numbers and times, and sanitizing of text from services."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Final

from mcpstore.models.text import truncated

__all__ = ["clean", "duration", "markdown_text", "memory", "milliseconds", "percent", "when"]

NO_VALUE: Final = "–"  # noqa: RUF001 - a dash, as in printed tables
"""Shown in place of a missing number."""

_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that control a terminal, change the direction of text, or cannot be encoded."""
_JOINERS: Final = frozenset("\u200c\u200d")  # valid between letters and in emoji
_MARKDOWN: Final = re.compile(r"[\\`*_\[\]|~#>]|:(?=//)|(?<=www)\.|@(?=\w)", re.IGNORECASE)
_SPANS: Final = (
    (86_400, "d", 3600, "h", 86_370),
    (3600, "h", 60, "min", 3599.5),
    (60, "min", 1, "s", 59.5),
)
"""Unit, next smaller unit, and least duration for the unit, in seconds; so that rounding never gives "60 s"."""


def clean(text: str, *, longest: int = 500) -> str:
    """Return untrusted text on one line, without characters that affect a terminal or a page.

    Args:
        text: The text.
        longest: Longest result, in characters.
    """
    if text.isascii() and text.isprintable():
        shown = text
    else:
        shown = "".join(_safe_character(character) for character in text[: longest + 1])
    return truncated(shown, longest)


def _safe_character(character: str) -> str:
    if character in "\n\r\t\u2028\u2029":
        return " "
    return (
        "\ufffd" if unicodedata.category(character) in _UNSAFE_CATEGORIES and character not in _JOINERS else character
    )


def markdown_text(text: str) -> str:
    """Return untrusted text for Markdown, escaped so that it makes no links, tables or HTML elements."""
    shown = clean(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN.sub(r"\\\g<0>", shown)


def when(timestamp: float, *, since: float | None = None) -> str:
    """Return a POSIX timestamp as local time.

    Args:
        timestamp: The timestamp, in seconds.
        since: Start of the period, as a POSIX timestamp; for a timestamp on the same day, the date is omitted.
    """
    moment = datetime.fromtimestamp(timestamp).astimezone()
    if since is not None and datetime.fromtimestamp(since).astimezone().date() == moment.date():
        return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: "4.2 s", "3 min 20 s", "2 d 5 h"."""
    for size, unit, below, small, least in _SPANS:
        if seconds >= least:
            whole, rest = divmod(round(seconds / below), size // below)
            return f"{whole} {unit} {rest} {small}" if rest else f"{whole} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - always two digits


def percent(share: float | None) -> str:
    """Return a share in per cent; a value below 100 % is never rounded up to 100 %."""
    if share is None:
        return NO_VALUE
    if share >= 100 or share == 0:  # noqa: PLR2004
        return f"{share:.0f} %"
    if share < 0.1:  # noqa: PLR2004
        return "< 0.1 %"
    return f"{min(share, 99.99):.2f} %" if share > 99 else f"{share:.1f} %"  # noqa: PLR2004


def milliseconds(seconds: float | None) -> str:
    """Return a short duration, given in seconds, in milliseconds; from 1 s on in seconds."""
    if not seconds:
        return NO_VALUE
    if seconds >= 1:
        return f"{seconds:.2f} s"
    value = seconds * 1000
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"  # noqa: PLR2004


def memory(size: float | None) -> str:
    """Return a size, given in bytes, in MiB or GiB."""
    if not size:
        return NO_VALUE
    value = size / 2**20
    return f"{value:.0f} MiB" if value < 1000 else f"{value / 1024:.1f} GiB"  # noqa: PLR2004
