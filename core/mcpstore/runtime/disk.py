"""Writing so that it is on the disk. Everything here blocks: call it in a thread."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["flush_folder", "write_all"]


def write_all(file: int, data: bytes) -> None:
    """Write all of it, in as many calls as that takes.

    Args:
        file: Descriptor of an open file.
        data: What to write.

    Raises:
        OSError: It cannot be written; some of it may have been.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def flush_folder(folder: Path) -> None:
    """Have it on the disk that a file in a folder was made, or took another one's place.

    Raises:
        OSError: Nobody knows whether it is.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
