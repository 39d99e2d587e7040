"""Files with one JSON object per line. Every function blocks: call it in a thread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["JsonObject", "encode_lines", "read_lines"]

JsonObject = Mapping[str, Any]
"""A JSON object."""


def encode_lines(objects: Iterable[JsonObject]) -> bytes:
    """Return objects as lines; values that JSON does not have become strings."""
    return b"".join(json.dumps(each, default=str).encode() + b"\n" for each in objects)


def read_lines(path: Path) -> tuple[list[JsonObject], int]:
    """Return the objects in a file, and the number of lines that hold none; both are empty if there is no file.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    objects: list[JsonObject] = []
    unreadable = 0
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        try:
            value: Any = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            objects.append(value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            unreadable += 1
    return objects, unreadable
