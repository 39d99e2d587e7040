"""Validation of the arguments of verbs: each check returns the value, or names the argument that is wrong."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from mcpstore.errors import InvalidArgument
from mcpstore.models.text import truncated

__all__ = [
    "Moment",
    "check_bool",
    "check_choice",
    "check_duration",
    "check_int",
    "check_mapping",
    "check_names",
    "check_path",
    "check_str",
    "check_timeout",
    "describe",
    "is_path",
    "posix_time",
]

Moment = float | datetime | timedelta | None
"""A POSIX timestamp in seconds, a datetime (local time if it has no zone), or a timedelta before now."""

MAX_SHOWN: Final = 60
"""Maximum length of a value in an error message, in characters."""

MAX_NUMBER: Final = 2**31
"""Numbers above this are reduced to it: no count and no duration in a store can be larger."""


def check_str(argument: str, value: Any) -> str:
    """Return a string.

    Raises:
        InvalidArgument: The value is not a string, or holds a lone surrogate, which no file can store.
    """
    if not isinstance(value, str) or not (value.isascii() or _can_be_encoded(value)):
        raise InvalidArgument(argument, f"must be a string (got {describe(value)})")
    return value


def _can_be_encoded(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_bool(argument: str, value: Any) -> bool:
    """Return a bool; other values are refused, even if Python treats them as true or false.

    Raises:
        InvalidArgument: The value is not a bool.
    """
    if not isinstance(value, bool):
        raise InvalidArgument(argument, f"must be True or False (got {describe(value)})")
    return value


def check_int(argument: str, value: Any, least: int = 1) -> int | None:
    """Return a whole number of at least `least`, or None.

    Raises:
        InvalidArgument: The value is neither.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidArgument(argument, f"must be at least {least}, as a whole number (got {describe(value)})")
    return min(value, MAX_NUMBER)


def check_timeout(argument: str, value: Any, *, above: bool = False) -> float | None:
    """Return the limit of a wait, in seconds; None is no limit.

    Args:
        argument: Name of the argument.
        value: The value.
        above: Whether the value must be above 0.

    Raises:
        InvalidArgument: The value is not such a number.
    """
    if value is None:
        return None
    seconds = _seconds(value)
    if not (seconds > 0 if above else seconds >= 0):
        raise InvalidArgument(argument, f"must be a number of seconds{_least(above)}, or None (got {describe(value)})")
    return seconds


def check_duration(argument: str, value: Any, *, above: bool = False) -> float:
    """Return a finite duration, in seconds.

    Args:
        argument: Name of the argument.
        value: The value.
        above: Whether the value must be above 0.

    Raises:
        InvalidArgument: The value is not such a number.
    """
    seconds = _seconds(value)
    if not (seconds > 0 if above else seconds >= 0) or math.isinf(seconds):
        raise InvalidArgument(argument, f"must be a number of seconds{_least(above)} (got {describe(value)})")
    return min(seconds, MAX_NUMBER)


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    return math.inf if value == math.inf else float(max(min(value, sys.float_info.max), -1.0))  # and NaN stays NaN


def _least(above: bool) -> str:
    return " above 0" if above else ", not negative"


def check_path(argument: str, value: Any) -> str | os.PathLike[str] | None:
    """Return a path, or None.

    Raises:
        InvalidArgument: The value is neither.
    """
    if value is not None and not (isinstance(value, str | os.PathLike) and is_path(value)):
        raise InvalidArgument(argument, f"must be a path (got {describe(value)})")
    return cast("str | os.PathLike[str] | None", value)


def is_path(value: Any) -> bool:
    """Return whether a value is a path that a file can have."""
    try:
        return b"\0" not in os.fsencode(value)
    except (TypeError, UnicodeEncodeError):
        return False


def check_names(argument: str, value: Any) -> list[str]:
    """Return a list of names.

    Raises:
        InvalidArgument: The value is not an iterable of strings, or is a single string.
    """
    if isinstance(value, str):
        raise InvalidArgument(argument, f"must be a list of names (got {describe(value)}); write [{describe(value)}]")
    if not isinstance(value, Iterable):
        raise InvalidArgument(argument, f"must be a list of names (got {describe(value)})")
    return [check_str(argument, each) for each in cast("Iterable[Any]", value)]


def check_mapping(argument: str, value: Any) -> Mapping[str, Any] | None:
    """Return a mapping with strings as keys, or None.

    Raises:
        InvalidArgument: The value is neither.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidArgument(argument, f"must be a dictionary (got {describe(value)})")
    for key in cast("Mapping[Any, Any]", value):
        if not isinstance(key, str):
            raise InvalidArgument(argument, f"must have strings as keys (got {describe(key)})")
    return cast("Mapping[str, Any]", value)


def check_choice(argument: str, value: Any, choices: Iterable[str]) -> str:
    """Return one of several words.

    Raises:
        InvalidArgument: The value is none of them.
    """
    known = list(choices)
    if not isinstance(value, str) or str(value) not in known:
        raise InvalidArgument(argument, f"must be one of {', '.join(known)} (got {describe(value)})")
    return str(value)


def describe(value: Any) -> str:
    """Return a value in the form that error messages show: truncated, and without the `repr` of unknown objects."""
    if value is None or isinstance(value, str | int | float):
        return truncated(repr(value[: MAX_SHOWN + 1] if isinstance(value, str) else value), MAX_SHOWN)
    return type(value).__name__


def posix_time(moment: float | datetime | timedelta, now: float, argument: str) -> float:
    """Return a moment as a POSIX timestamp, in seconds.

    Args:
        moment: A POSIX timestamp, a datetime, or a timedelta before now.
        now: The current time, as a POSIX timestamp in seconds.
        argument: Name of the argument.

    Raises:
        InvalidArgument: The value is none of these.
    """
    try:
        if isinstance(moment, datetime):
            return moment.timestamp()
        if isinstance(moment, timedelta):
            return now - moment.total_seconds()
        seconds = math.nan if isinstance(moment, bool) or not isinstance(moment, int | float) else float(moment)
    except (ValueError, OverflowError, OSError):  # a datetime may lie outside the range of the platform
        seconds = math.nan
    if not math.isfinite(seconds):
        problem = f"must be a POSIX timestamp in seconds, a datetime or a timedelta (got {describe(moment)})"
        raise InvalidArgument(argument, problem)
    return seconds
