"""Looking at a file without being caught out by what is no file."""

from __future__ import annotations

import os
import stat
from typing import Final

import attrs

from mcpstore.errors import ConfigError
from mcpstore_plugins.mcp_json.os_errors import trouble

__all__ = ["LARGEST", "Look", "Moved", "glance", "load", "look"]

LARGEST: Final = 64 * 2**20
"""Bytes. A configuration of this size is a mistake, and reading it would take the memory of the machine."""

_PIECE: Final = 65_536


class Moved(Exception):
    """The file is not where it was, or is another one: begin anew."""


@attrs.frozen
class Look:
    """What is at a path.

    Attributes:
        raw: The bytes of the file; None if there is none.
        status: What the operating system tells about it.
    """

    raw: bytes | None
    status: os.stat_result | None

    @property
    def identity(self) -> tuple[int, ...]:
        """What changes when somebody touches the file, as far as its time stamps are fine enough to show it."""
        status = self.status
        if status is None:
            return ()
        owner = (status.st_uid, status.st_gid, status.st_mode)
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, *owner)


def load(path: str, where: str) -> bytes | None:
    """Return the bytes of a file, or None if there is none.

    Raises:
        ConfigError: It cannot be read, or is no file.
    """
    try:
        return look(path, None, where).raw
    except OSError as error:
        raise trouble(error, where, "read") from error


def look(name: str, home: int | None, where: str) -> Look:
    """Look at a file; `home` is the directory it is in, None for a path to be followed."""
    try:
        status = os.stat(name, dir_fd=home, follow_symlinks=home is None)
        if stat.S_ISLNK(status.st_mode):
            raise Moved
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{where} is {_kind(status.st_mode)}, not a file; name a file")
        # should it become a pipe just now, opening must not wait for who writes into it
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=home)
    except FileNotFoundError:
        return Look(None, None)
    try:
        status = os.fstat(fd)
        raw = bytearray()
        while len(raw) <= LARGEST and (piece := os.read(fd, min(LARGEST, max(status.st_size, _PIECE)) + 1)):
            raw += piece
    finally:
        os.close(fd)
    if len(raw) > LARGEST:
        raise ConfigError(f"{where} is larger than {LARGEST // 2**20} MiB, as no configuration is; name another file")
    return Look(bytes(raw), status)


def glance(name: str, home: int) -> Look:
    """Look at a file without reading it."""
    try:
        return Look(None, os.stat(name, dir_fd=home, follow_symlinks=False))
    except FileNotFoundError:
        return Look(None, None)


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for applies, name in kinds if applies(mode)), "a device")
