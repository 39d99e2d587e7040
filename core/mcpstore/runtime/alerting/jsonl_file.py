"""A file of lines that survives whatever happens to the process that writes it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mcpstore.models.json_types import as_object
from mcpstore.storage.atomic import make_folder, replace_file, write_all

__all__ = ["JsonObject", "JsonlFile"]

JsonObject = Mapping[str, Any]
"""A JSON object; one of them is one line of the file."""

LARGEST: Final = 64 * 2**20
"""Bytes of a journal that are read; a larger one is none of ours."""


class JsonlFile:
    """Lines in a file: appended one after the other, and now and then replaced as a whole.

    A line is there as a whole or not at all: what a crash tore off is skipped when it is read. Everything here blocks:
    call it in a thread.

    Args:
        path: The file; it is made when there is something to write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_checked = False

    def read(self) -> list[JsonObject]:
        """Return every line that can be read; none if there is no file."""
        try:
            with self._path.open("rb") as file:
                content = file.read(LARGEST)
        except OSError:
            return []
        return [line for raw in content.split(b"\n") if (line := _understood(raw)) is not None]

    def append(self, lines: Sequence[JsonObject]) -> None:
        """Append lines; they are on the disk when this returns.

        Raises:
            OSError: They cannot be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            torn = b"" if self._is_checked or _ends_well(descriptor) else b"\n"
            self._is_checked = True
            write_all(descriptor, torn + _encoded(lines))
            os.fsync(descriptor)
        except OSError:
            self._is_checked = False
            raise
        finally:
            os.close(descriptor)

    def replace(self, lines: Sequence[JsonObject]) -> None:
        """Put other lines in the place of all there are, at once.

        Raises:
            OSError: They cannot be written; the old ones stay.
        """
        make_folder(self._path.parent)
        replace_file(self._path, _encoded(lines))


def _encoded(lines: Iterable[JsonObject]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False, default=str).encode() + b"\n" for line in lines)


def _ends_well(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _understood(raw: bytes) -> JsonObject | None:
    try:
        return as_object(json.loads(raw))
    except ValueError:
        return None
