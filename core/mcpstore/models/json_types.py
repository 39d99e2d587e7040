"""Type checks of JSON values that narrow `Any`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["as_array", "as_object", "as_text"]


def as_object(value: Any) -> Mapping[str, Any] | None:
    """Return `value` if it is a JSON object, else None."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def as_array(value: Any) -> Sequence[Any] | None:
    """Return `value` if it is a JSON array, else None."""
    return cast("Sequence[Any]", value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else None


def as_text(value: Any) -> str | None:
    """Return `value` if it is a string, else None."""
    return value if isinstance(value, str) else None
