"""Content and identity of a file, read safely even if the path is a pipe, a device or a huge file."""

from __future__ import annotations

import os
import stat
from typing import Final

import attrs

from mcpstore.errors import ConfigError
from mcpstore_plugins.mcp_json.os_errors import config_error

__all__ = ["MAX_SIZE", "FileChanged", "FileState", "load", "read_state", "stat_state"]

MAX_SIZE: Final = 64 * 2**20
"""Maximal size of a configuration, in bytes; larger files are not read into memory."""

_CHUNK: Final = 65_536


class FileChanged(Exception):
    """The file was changed, moved or replaced during a save; start the save again."""


@attrs.frozen
class FileState:
    """State of a file at one moment.

    Attributes:
        raw: Content of the file; None if the file does not exist or was not read.
        status: Result of stat(2); None if the file does not exist.
    """

    raw: bytes | None
    status: os.stat_result | None

    @property
    def identity(self) -> tuple[int, ...]:
        """Value that changes with every change of the file, as far as the resolution of its time stamps shows it."""
        status = self.status
        if status is None:
            return ()
        owner = (status.st_uid, status.st_gid, status.st_mode)
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, *owner)


def load(path: str, where: str) -> bytes | None:
    """Return the content of a file, or None if it does not exist.

    Raises:
        ConfigError: The file cannot be read, or is not a regular file.
    """
    try:
        return read_state(path, None, where).raw
    except OSError as error:
        raise config_error(error, where, "read") from error


def read_state(name: str, folder: int | None, where: str) -> FileState:
    """Read a file by its name in the directory `folder`; None for a path whose symlinks are followed."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=folder is None)
        if stat.S_ISLNK(status.st_mode):
            raise FileChanged
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{where} is {_kind(status.st_mode)}, not a file; name a file")
        # O_NONBLOCK: if a pipe replaces the file just now, opening must not block
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return FileState(None, None)
    try:
        status = os.fstat(fd)
        raw = bytearray()
        while len(raw) <= MAX_SIZE and (chunk := os.read(fd, min(MAX_SIZE, max(status.st_size, _CHUNK)) + 1)):
            raw += chunk
    finally:
        os.close(fd)
    if len(raw) > MAX_SIZE:
        raise ConfigError(
            f"{where} is larger than {MAX_SIZE // 2**20} MiB, the limit of a configuration; name another file"
        )
    return FileState(bytes(raw), status)


def stat_state(name: str, folder: int) -> FileState:
    """Return the state of a file without its content."""
    try:
        return FileState(None, os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return FileState(None, None)


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for applies, name in kinds if applies(mode)), "a device")
