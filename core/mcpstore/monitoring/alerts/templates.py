"""Message templates of alerts. A template can use plain fields only, and no attributes or items of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from string import Formatter
from typing import Any, Final

from mcpstore.models.json_types import as_array
from mcpstore.models.text import truncated

__all__ = ["fits", "span", "worded"]

MAX_LENGTH: Final = 2000
"""Length at which a message is cut, in characters."""

_FIELD: Final = re.compile(r"\w+")
_SPEC: Final = re.compile(r"[^{}\d]*(\d{0,2})(,|_)?(\.\d{1,2})?[a-zA-Z%]?")
"""Format specifications that are allowed: those without a large width."""

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0


def worded(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with the values of `{field}` and `{field:format}`; never raises.

    An unknown field stays as it is written, and a format that does not fit is ignored: an alert with a poor text is
    better than none.

    Args:
        template: The template.
        values: Values of the fields.
    """
    try:
        text = "".join(_pieces(template, values))
    except ValueError:  # braces that do not match
        text = template
    text = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
    return truncated(text, MAX_LENGTH)


def fits(value: Any, spec: str) -> bool:
    """Whether a format specification fits a value."""
    if as_array(value) is not None or not isinstance(value, str | int | float) or not _SPEC.fullmatch(spec):
        return False
    try:
        format(value, spec)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def span(seconds: float) -> str:
    """Return a duration with a suitable unit: "45 s", "4 min", "3.5 h", "2.0 days"."""
    if seconds < 2 * MINUTE:
        return f"{max(seconds, 0):.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"


def _pieces(template: str, values: Mapping[str, Any]) -> Iterator[str]:
    for text, field, spec, _conversion in Formatter().parse(template):
        yield text
        if field is None:
            continue
        if not _FIELD.fullmatch(field) or field not in values:
            yield f"{{{field}:{spec}}}" if spec else f"{{{field}}}"
        else:
            yield _formatted(values[field], spec or "")


def _formatted(value: Any, spec: str) -> str:
    if isinstance(value, Enum):
        value = value.value
    if value is None:
        return "unknown"
    if (items := as_array(value)) is not None:
        return "; ".join(map(str, items))
    if not isinstance(value, str | int | float):
        return str(value)
    try:
        return format(value, spec) if _SPEC.fullmatch(spec) else str(value)
    except (ValueError, TypeError, OverflowError):
        return str(value)
