"""Files for users: written completely or not at all, readable by their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mcpstore.errors import MCPStoreError
from mcpstore.storage.atomic import replace_file

__all__ = ["write_file"]


def write_file(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file with mode 0600, atomically. Blocks: call it in a thread.

    Args:
        path: Path of the file. A special file such as `/dev/stdout` is written to, not replaced.
        data: Content of the file.

    Returns:
        The absolute path.

    Raises:
        MCPStoreError: The file cannot be written; an existing file is unchanged.
    """
    target = Path(path).expanduser().absolute()
    try:
        if target.exists() and not target.is_file():
            _write_special(target, data)
        else:
            replace_file(os.path.realpath(target), data)  # a symbolic link is kept
    except OSError as error:
        raise MCPStoreError(f"{target} cannot be written: {error.strerror or error}; name another file") from error
    return target


def _write_special(target: Path, data: bytes) -> None:
    if stat.S_ISDIR(target.stat().st_mode):
        raise IsADirectoryError(None, "it is a folder")
    with target.open("wb") as out:
        out.write(data)
