"""What verbs are given: of the kind they take, or refused with the name of the argument before anything is done."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from mcpstore.errors import InvalidArgument
from mcpstore.models.text import clipped

__all__ = [
    "MOST",
    "a_mapping",
    "a_path",
    "check_bool",
    "check_choice",
    "check_duration",
    "check_int",
    "check_names",
    "check_str",
    "check_timeout",
    "describe",
    "is_path",
]

SHOWN: Final = 60
"""Characters of a value that are shown."""

MOST: Final = 2**31
"""More than there is of anything; what is asked for beyond it is the same."""


def check_str(argument: str, value: Any) -> str:
    """Return a text.

    Raises:
        InvalidArgument: It is none, or holds half a character, which cannot be written anywhere.
    """
    if not isinstance(value, str) or not (value.isascii() or _can_be_written(value)):
        raise InvalidArgument(argument, f"must be a string (got {describe(value)})")
    return value


def _can_be_written(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_bool(argument: str, value: Any) -> bool:
    """Return a truth value; what merely counts as one is most likely a slip.

    Raises:
        InvalidArgument: It is none.
    """
    if not isinstance(value, bool):
        raise InvalidArgument(argument, f"must be True or False (got {describe(value)})")
    return value


def check_int(argument: str, value: Any, least: int = 1) -> int | None:
    """Return a whole number of at least `least`, or None.

    Raises:
        InvalidArgument: It is neither.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidArgument(argument, f"must be at least {least}, as a whole number (got {describe(value)})")
    return min(value, MOST)


def check_timeout(argument: str, value: Any, *, above: bool = False) -> float | None:
    """Return how long to wait, in seconds; None is for as long as it takes.

    Args:
        argument: Name of the argument.
        value: What was given.
        above: Whether it must be above 0.

    Raises:
        InvalidArgument: It is no such number.
    """
    if value is None:
        return None
    found = _seconds(value)
    if not (found > 0 if above else found >= 0):
        raise InvalidArgument(argument, f"must be a number of seconds{_least(above)}, or None (got {describe(value)})")
    return found


def check_duration(argument: str, value: Any, *, above: bool = False) -> float:
    """Return a length of time that ends, in seconds.

    Args:
        argument: Name of the argument.
        value: What was given.
        above: Whether it must be above 0.

    Raises:
        InvalidArgument: It is no such number.
    """
    found = _seconds(value)
    if not (found > 0 if above else found >= 0) or math.isinf(found):
        raise InvalidArgument(argument, f"must be a number of seconds{_least(above)} (got {describe(value)})")
    return min(found, MOST)


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    return math.inf if value == math.inf else float(max(min(value, sys.float_info.max), -1.0))  # and NaN stays NaN


def _least(above: bool) -> str:
    return " above 0" if above else ", not negative"


def a_path(argument: str, value: Any) -> str | os.PathLike[str] | None:
    """Return a path, or None.

    Raises:
        InvalidArgument: It is neither.
    """
    if value is not None and not (isinstance(value, str | os.PathLike) and is_path(value)):
        raise InvalidArgument(argument, f"must be a path (got {describe(value)})")
    return cast("str | os.PathLike[str] | None", value)


def is_path(value: Any) -> bool:
    """Return whether a path can be the path of anything."""
    try:
        return b"\0" not in os.fsencode(value)
    except (TypeError, UnicodeEncodeError):
        return False


def check_names(argument: str, value: Any) -> list[str]:
    """Return names.

    Raises:
        InvalidArgument: It is no list of texts; a single text is none, either.
    """
    if isinstance(value, str):
        raise InvalidArgument(argument, f"must be a list of names (got {describe(value)}); write [{describe(value)}]")
    if not isinstance(value, Iterable):
        raise InvalidArgument(argument, f"must be a list of names (got {describe(value)})")
    return [check_str(argument, each) for each in cast("Iterable[Any]", value)]


def a_mapping(argument: str, value: Any) -> Mapping[str, Any] | None:
    """Return a mapping with texts as keys, or None.

    Raises:
        InvalidArgument: It is neither.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidArgument(argument, f"must be a dictionary (got {describe(value)})")
    for key in cast("Mapping[Any, Any]", value):
        if not isinstance(key, str):
            raise InvalidArgument(argument, f"must have strings as keys (got {describe(key)})")
    return cast("Mapping[str, Any]", value)


def check_choice(argument: str, value: Any, known: Iterable[str]) -> str:
    """Return one of several words.

    Raises:
        InvalidArgument: It is none of them.
    """
    words = list(known)
    if not isinstance(value, str) or str(value) not in words:
        raise InvalidArgument(argument, f"must be one of {', '.join(words)} (got {describe(value)})")
    return str(value)


def describe(value: Any) -> str:
    """Return a value as a message shows it: short, and nothing of what somebody's object says of itself."""
    if value is None or isinstance(value, str | int | float):
        return clipped(repr(value[: SHOWN + 1] if isinstance(value, str) else value), SHOWN)
    return type(value).__name__
