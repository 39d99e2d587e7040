"""What a tool is to those who use it: the parts of its description that people and models go by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcpstore.core.models.shape import as_array, as_object

__all__ = ["LARGEST", "PINNED", "canonical", "definition", "fingerprint", "scrubbed"]

PINNED: Final = ("title", "description", "inputSchema", "outputSchema", "annotations")
"""What of a tool must not change behind its users' backs; a model reads all of it."""

LARGEST: Final = 64 * 1024
"""Characters of a description that is kept, and compared word by word; of a larger one only its hash is."""


def definition(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of a tool as its service described it; what is null is not there."""
    return {field: raw[field] for field in PINNED if raw.get(field) is not None}


def fingerprint(raw: Mapping[str, Any]) -> str:
    """Return a hash that two descriptions share if and only if they say the same; the order of keys says nothing.

    Empty if that cannot be told, because the description is nested too deeply or is no JSON.
    """
    told = canonical(definition(raw))
    return "" if told is None else hashlib.sha256(told.encode()).hexdigest()


def canonical(value: Any) -> str | None:
    """Return the one way to write a JSON value; None if there is none."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None


def scrubbed(value: Any, redact: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it, keys included, as `redact` leaves it; itself if nothing is to hide."""
    if isinstance(value, str):
        return redact(value)
    if (fields := as_object(value)) is not None:
        made = {redact(str(key)): scrubbed(item, redact) for key, item in fields.items()}
        is_clean = len(made) == len(fields) and all(made.get(key) is item for key, item in fields.items())
        return fields if is_clean else made
    if (items := as_array(value)) is not None:
        each = [scrubbed(item, redact) for item in items]
        return items if all(new is old for new, old in zip(each, items, strict=True)) else each
    return value
