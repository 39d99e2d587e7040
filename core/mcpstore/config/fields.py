"""Access to the fields of an entry: accepts every alias of a key, checks types, and collects all errors."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from mcpstore.config.dialects.dialect import ALIASES, SWITCHES
from mcpstore.models.json_types import as_array, as_object

__all__ = ["Fields", "kind_of", "path_text"]


def kind_of(value: Any) -> str:
    """Return the JSON type of a value as text; never the value, which may be a secret."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    kind = next((words for types, words in _KINDS if isinstance(value, types)), None)
    return kind or f"a Python {type(value).__name__}"


def path_text(value: Any) -> str | None:
    """Return a path such as a `pathlib.Path` as text; None if `value` is not a path."""
    return os.fsdecode(cast("os.PathLike[str]", value)) if isinstance(value, os.PathLike) else None


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (str, "a string"),
    ((int, float), "a number"),
    (Mapping, "an object"),
    ((list, tuple), "a list"),
)


class Fields:
    """The fields of an entry, and their errors.

    Args:
        entry: The entry.

    Attributes:
        errors: Problems that make the entry invalid, as `"field: problem"`.
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.entry = entry
        self.errors: list[str] = []

    def add_error(self, field: str, problem: str) -> None:
        """Record the problem with a field."""
        self.errors.append(f"{field}: {problem}")

    def key_of(self, what: str) -> str:
        """Return the key of a field in the entry, one of its aliases; empty if the entry does not have the field."""
        return next((key for key in ALIASES[what] if self.entry.get(key) is not None), "")

    def has(self, what: str) -> bool:
        """Whether the entry has a field under any of its aliases."""
        return bool(self.key_of(what))

    def text(self, what: str) -> str | None:
        """Return a field that is a string or a path; None if it is missing or empty."""
        key = self.key_of(what)
        if not key:
            return None
        value = self.entry[key]
        if isinstance(value, int | float):
            self.add_error(key, f"must be a string (got {kind_of(value)})")
            return None
        return self._text_of(key, value) or None

    def texts(self, what: str) -> list[str]:
        """Return a field that is a list of strings; numbers in it are converted."""
        key = self.key_of(what)
        return self.as_texts(key, self.entry[key]) if key else []

    def as_texts(self, field: str, value: Any) -> list[str]:
        """Return a value as a list of strings; records an error for every other item."""
        items = as_array(value)
        if items is None:
            self.add_error(field, f"must be a list of strings (got {kind_of(value)})")
            return []
        return [word for i, item in enumerate(items) if (word := self._text_of(f"{field}[{i}]", item)) is not None]

    def pairs(self, what: str) -> dict[str, str | None]:
        """Return a field that is an object of strings or null, or a list of `NAME=value` or `Name: value`."""
        key = self.key_of(what)
        value: Any = self.entry[key] if key else {}
        pairs = as_object(value)
        if pairs is None:
            listed = as_array(value)
            if listed is None:
                self.add_error(key, f"must be an object of strings (got {kind_of(value)})")
                return {}
            pairs = self._pairs_of_list(key, listed)
        return {
            str(name): None if item is None else self._text_of(f"{key}.{name}", item)  # in YAML, a name may be a number
            for name, item in pairs.items()
        }

    def is_enabled(self) -> bool:
        """Whether the service is enabled: `disabled` is not true and `enabled` is not false."""
        disabled, enabled = (self.flag(key) for key in SWITCHES)
        return disabled is not True and enabled is not False

    def flag(self, key: str) -> bool | None:
        """Return a field that is true or false; None if it is missing."""
        value = self.entry.get(key)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        self.add_error(key, f"must be true or false (got {kind_of(value)})")
        return None

    def seconds(self, key: str, unit: float) -> float | None:
        """Return a duration in seconds; None for 0 and less, which clients read as "no limit".

        Args:
            key: Key of the field.
            unit: Unit of the value, in seconds; 0 guesses it: values from 1000 up are milliseconds, others seconds.
        """
        value = self.entry.get(key)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self.add_error(key, f"must be a number (got {kind_of(value)})")
            return None
        factor = unit or (0.001 if number >= _MIN_MILLISECONDS else 1.0)
        return number * factor if number > 0 else None

    def spelling_hint(self, wanted: Iterable[str]) -> str:
        """Return a hint at a key of the entry that is probably a misspelling of a wanted one; empty without one."""
        spelled = {key.lower(): key for key in wanted}
        for key in map(str, self.entry):
            close = difflib.get_close_matches(key.lower(), spelled, n=1, cutoff=0.82)
            if close and spelled[close[0]] != key:
                return f"; did you mean {spelled[close[0]]!r} instead of {key!r}?"
        return ""

    def _text_of(self, field: str, item: Any) -> str | None:
        if isinstance(item, str):
            if "\0" not in item:
                return item
            self.add_error(field, "must not contain a NUL character")
            return None
        if isinstance(item, bool):
            return "true" if item else "false"
        if isinstance(item, int | float):
            return str(item)
        if (path := path_text(item)) is not None:
            return path
        self.add_error(field, f"must be a string (got {kind_of(item)})")
        return None

    def _pairs_of_list(self, field: str, listed: Iterable[Any]) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        for i, item in enumerate(listed):
            text = item if isinstance(item, str) else ""
            separator = next((sign for sign in text if sign in "=:"), "")
            if not separator:
                self.add_error(f"{field}[{i}]", "must have the form 'NAME=value'")
                continue
            name, _, value = text.partition(separator)
            pairs[name.strip()] = value.strip()
        return pairs


_MIN_MILLISECONDS: Final = 1000
