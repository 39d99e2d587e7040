"""Reading single fields of an entry: tolerant of spelling, strict about types, complete about what is wrong."""

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
    """Return what a value is, in the words of JSON; never the value itself, which may be a secret."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    found = next((words for types, words in _KINDS if isinstance(value, types)), None)
    return found or f"a Python {type(value).__name__}"


def path_text(value: Any) -> str | None:
    """Return a path as text, None if `value` is none; programs hand over `pathlib.Path`."""
    return os.fsdecode(cast("os.PathLike[str]", value)) if isinstance(value, os.PathLike) else None


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (str, "a string"),
    ((int, float), "a number"),
    (Mapping, "an object"),
    ((list, tuple), "a list"),
)


class Fields:
    """The fields of one entry, and what is wrong with them.

    Args:
        entry: The entry.

    Attributes:
        complaints: What makes the entry unusable: `"field: what is wrong"`.
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.entry = entry
        self.complaints: list[str] = []

    def complain(self, field: str, what: str) -> None:
        """Note that a field makes the entry unusable."""
        self.complaints.append(f"{field}: {what}")

    def key_of(self, what: str) -> str:
        """Return the spelling under which the entry says something, empty if it does not."""
        return next((key for key in ALIASES[what] if self.entry.get(key) is not None), "")

    def has(self, what: str) -> bool:
        """Whether the entry says something under any spelling."""
        return bool(self.key_of(what))

    def text(self, what: str) -> str | None:
        """Return a text or a path; None if there is none or it is empty."""
        key = self.key_of(what)
        if not key:
            return None
        value = self.entry[key]
        if isinstance(value, int | float):
            self.complain(key, f"must be a string (got {kind_of(value)})")
            return None
        return self._word(key, value) or None

    def words(self, what: str) -> list[str]:
        """Return a list of texts; numbers in it are taken as they are written."""
        key = self.key_of(what)
        return self.as_words(key, self.entry[key]) if key else []

    def as_words(self, field: str, value: Any) -> list[str]:
        """Return a value as a list of texts, complaining about whatever in it is none."""
        items = as_array(value)
        if items is None:
            self.complain(field, f"must be a list of strings (got {kind_of(value)})")
            return []
        return [word for i, item in enumerate(items) if (word := self._word(f"{field}[{i}]", item)) is not None]

    def pairs(self, what: str) -> dict[str, str | None]:
        """Return an object of texts, which may be null; a list of `NAME=value` or `Name: value` is one, too."""
        key = self.key_of(what)
        value: Any = self.entry[key] if key else {}
        found = as_object(value)
        if found is None:
            listed = as_array(value)
            if listed is None:
                self.complain(key, f"must be an object of strings (got {kind_of(value)})")
                return {}
            found = self._listed_pairs(key, listed)
        return {
            str(name): None if item is None else self._word(f"{key}.{name}", item)  # YAML has names of other types
            for name, item in found.items()
        }

    def is_enabled(self) -> bool:
        """Whether the entry wants to run: it is neither `disabled` nor not `enabled`."""
        disabled, enabled = (self.flag(key) for key in SWITCHES)
        return disabled is not True and enabled is not False

    def flag(self, key: str) -> bool | None:
        """Return true or false, None if the entry does not say."""
        value = self.entry.get(key)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        self.complain(key, f"must be true or false (got {kind_of(value)})")
        return None

    def seconds(self, key: str, unit: float) -> float | None:
        """Return a duration in seconds; 0 and less mean none, as clients read it.

        Args:
            key: The key it stands under.
            unit: Its unit in seconds; 0 means that its size tells: nobody waits for 1000 s and nobody for 60 ms.
        """
        value = self.entry.get(key)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self.complain(key, f"must be a number (got {kind_of(value)})")
            return None
        factor = unit or (0.001 if number >= _SURELY_MS else 1.0)
        return number * factor if number > 0 else None

    def nearest(self, wanted: Iterable[str]) -> str:
        """Return a hint at a key that looks like a slip of the pen for one of those wanted, empty without one."""
        spelled = {key.lower(): key for key in wanted}
        for key in map(str, self.entry):
            close = difflib.get_close_matches(key.lower(), spelled, n=1, cutoff=0.82)
            if close and spelled[close[0]] != key:
                return f"; did you mean {spelled[close[0]]!r} by {key!r}?"
        return ""

    def _word(self, field: str, item: Any) -> str | None:
        if isinstance(item, str):
            if "\0" not in item:
                return item
            self.complain(field, "holds a NUL character, which nothing can be given")
            return None
        if isinstance(item, bool):
            return "true" if item else "false"
        if isinstance(item, int | float):
            return str(item)
        if (path := path_text(item)) is not None:
            return path
        self.complain(field, f"must be a string (got {kind_of(item)})")
        return None

    def _listed_pairs(self, field: str, listed: Iterable[Any]) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        for i, item in enumerate(listed):
            text = item if isinstance(item, str) else ""
            mark = next((sign for sign in text if sign in "=:"), "")
            if not mark:
                self.complain(f"{field}[{i}]", "must read 'NAME=value'")
                continue
            name, _, value = text.partition(mark)
            pairs[name.strip()] = value.strip()
        return pairs


_SURELY_MS: Final = 1000
