"""Files for people: complete or not there at all, and for their owner alone."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from mcpstore.errors import MCPStoreError

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
            _replace(Path(os.path.realpath(target)), data)  # a link stays a link
    except OSError as error:
        raise MCPStoreError(f"{target}: cannot be written: {error.strerror or error}; name another file") from error
    return target


def _pour(target: Path, data: bytes) -> None:
    if stat.S_ISDIR(target.stat().st_mode):
        raise IsADirectoryError(None, "it is a folder")
    with target.open("wb") as out:
        out.write(data)


def _replace(target: Path, data: bytes) -> None:
    handle, fresh = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(fresh).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(fresh).unlink()
        raise
