"""Files for people: complete or not there at all, and for their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mcpstore.errors import MCPStoreError
from mcpstore.storage.atomic import replace_file

__all__ = ["write_file"]


def write_file(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file with mode 0600 in place of whatever was there; blocks, call it in a thread.

    Args:
        path: Where. What is no ordinary file, as `/dev/stdout`, is written to and not replaced.
        data: What.

    Returns:
        The absolute path.

    Raises:
        MCPStoreError: It cannot be written; what was there is as it was.
    """
    target = Path(path).expanduser().absolute()
    try:
        if target.exists() and not target.is_file():
            _pour(target, data)
        else:
            replace_file(os.path.realpath(target), data)  # a symbolic link is kept
    except OSError as error:
        raise MCPStoreError(f"{target}: cannot be written: {error.strerror or error}; name another file") from error
    return target


def _pour(target: Path, data: bytes) -> None:
    if stat.S_ISDIR(target.stat().st_mode):
        raise IsADirectoryError(None, "it is a folder")
    with target.open("wb") as out:
        out.write(data)
