"""What a tool is to those who use it: the parts of its description that people and models go by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["MAX_KEPT", "PINNED_FIELDS", "canonical", "fingerprint", "fingerprint_fields"]

PINNED_FIELDS: Final = ("title", "description", "inputSchema", "outputSchema", "annotations")
"""What of a tool must not change behind its users' backs; a model reads all of it."""

MAX_KEPT: Final = 64 * 1024
"""Characters of a description that is kept, and compared word by word; of a larger one only its hash is."""


def fingerprint_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of a tool as its service described it; what is null is not there."""
    return {field: raw[field] for field in PINNED_FIELDS if raw.get(field) is not None}


def fingerprint(raw: Mapping[str, Any]) -> str:
    """Return a hash that two descriptions share if and only if they say the same; the order of keys says nothing.

    Empty if that cannot be told, because the description is nested too deeply or is no JSON.
    """
    told = canonical(fingerprint_fields(raw))
    return "" if told is None else hashlib.sha256(told.encode()).hexdigest()


def canonical(value: Any) -> str | None:
    """Return the one way to write a JSON value; None if there is none."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None
