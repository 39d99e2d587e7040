"""Text from servers made safe for terminals and logs, and formatting of counts."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

__all__ = [
    "counted",
    "lookalikes_marked",
    "looks_like_ascii",
    "one_line",
    "sanitized",
    "short_hash",
    "truncated",
    "visible",
]

# Escape sequences of ECMA-48: colours, cursor movements, window titles. An unterminated one ends with its line.
_ESCAPE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# All other control characters except tab and newline, and those that change the direction of text.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def sanitized(text: str) -> str:
    """Return a text without escape sequences and control characters; newlines and tabs are kept."""
    if text.isprintable():
        return text
    return _CONTROL.sub(_REPLACEMENT, _ESCAPE.sub("", text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """Return a text as one line without escape sequences and control characters, so that it cannot forge a line."""
    if text.isprintable():
        return text
    return " ".join(sanitized(text).split())


# Invisible characters that unicode counts among letters and marks.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LOOKALIKE_SCRIPTS: Final = ("ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LISU")
"""Scripts with letters that look like Latin ones."""


def visible(text: str) -> str:
    """Return a text on one line in which invisible characters are written as `<U+200B>`, and newlines as `⏎`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if _is_visible(letter) else _code_point(letter) for letter in text)


def looks_like_ascii(letter: str) -> bool:
    """Whether a letter is not ASCII but looks like an ASCII letter."""
    if letter.isascii():
        return False
    name = unicodedata.name(letter, "")
    if name.startswith("LATIN"):  # an accent is visible
        return not unicodedata.decomposition(letter) or unicodedata.normalize("NFKC", letter).isascii()
    return name.startswith(_LOOKALIKE_SCRIPTS) or unicodedata.normalize("NFKC", letter).isascii()


def lookalikes_marked(text: str) -> str:
    """Return a text in which each letter that looks like an ASCII letter is followed by its code point."""
    return "".join(f"{letter}<U+{ord(letter):04X}>" if looks_like_ascii(letter) else letter for letter in text)


def _is_visible(letter: str) -> bool:
    return letter == " " or (letter.isprintable() and not _INVISIBLE.match(letter))


def _code_point(letter: str) -> str:
    return "⏎" if letter == "\n" else f"<U+{ord(letter):04X}>"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: "1 service", "2 services"; `plural` is needed if it does not end in -s."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def truncated(text: str, longest: int) -> str:
    """Return a text of at most `longest` characters; an ellipsis replaces the rest."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def short_hash(*parts: str) -> str:
    """Return 16 hexadecimal digits that identify a sequence of strings."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
