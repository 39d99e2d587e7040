"""Fingerprint of a tool: a hash of the parts of its definition that users and models rely on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["MAX_KEPT", "PINNED_FIELDS", "canonical", "fingerprint", "fingerprint_fields"]

PINNED_FIELDS: Final = ("title", "description", "inputSchema", "outputSchema", "annotations")
"""Fields of a tool definition that are part of the fingerprint; models read all of them."""

MAX_KEPT: Final = 64 * 1024
"""Size up to which a definition is stored and compared, in characters; of a larger one, only the hash is stored."""


def fingerprint_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a tool definition that are part of the fingerprint; null fields are omitted."""
    return {field: raw[field] for field in PINNED_FIELDS if raw.get(field) is not None}


def fingerprint(raw: Mapping[str, Any]) -> str:
    """Return the fingerprint of a tool definition; it does not depend on the order of keys.

    Empty if the definition is nested too deeply or is not JSON.
    """
    text = canonical(fingerprint_fields(raw))
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str | None:
    """Return the canonical JSON text of a value; None if it is nested too deeply or is not JSON."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None
