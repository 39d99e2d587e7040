"""Replacing a file so that whatever happens, it is the old one or the new one and nobody's work is lost."""
# ruff: noqa: PTH112, PTH114, PTH116, PTH120 - names are relative to the descriptor of a directory, which pathlib does not do

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeVar

from mcpstore.errors import ConfigError
from mcpstore.storage.atomic import flush_folder, make_folder, temporary_file, temporary_prefix
from mcpstore_plugins.mcp_json.file_probe import Moved, glance, look
from mcpstore_plugins.mcp_json.lock import locked
from mcpstore_plugins.mcp_json.os_errors import trouble

__all__ = ["save"]

ROUNDS: Final = 20
"""How often a save begins anew because somebody else wrote meanwhile."""

T = TypeVar("T")


def save(path: str, where: str, change: Callable[[bytes | None], tuple[bytes | None, T]]) -> T:
    """Replace the bytes of a file by what `change` makes of them, and return what else it returned.

    Whenever somebody else was faster, `change` is asked again, with the bytes of theirs.

    Args:
        path: The file; a symlink stays one, what it points to is replaced.
        where: The file, as the user named it.
        change: Makes new bytes of the present ones; may raise, and then nothing happens.

    Raises:
        Held: Somebody else is saving in the same directory.
        ConfigError: It cannot be written and is as it was; or, as it then says, it was written, but the disk does not
            confirm that it will stay.
    """
    directory = os.path.dirname(os.path.realpath(path))
    try:
        for _ in range(ROUNDS):
            with contextlib.suppress(Moved):
                return _save(path, where, change)
    except OSError as error:
        raise trouble(error, where, "written", directory) from error
    raise ConfigError(f"{where}: another program keeps changing it; close that, or try again")


def _save(path: str, where: str, change: Callable[[bytes | None], tuple[bytes | None, T]]) -> T:
    target = os.path.realpath(path)
    if os.path.islink(target):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    directory, name = os.path.split(target)
    if not os.path.isdir(directory):
        # what changes nothing or cannot be done makes no directories either
        raw, outcome = change(None)
        if raw is None:
            return outcome
        _make(directory, path, where)
    with locked(directory) as home:
        _sweep(name, home)
        before = look(name, home, where)
        raw, outcome = change(before.raw)
        if raw is not None and raw != before.raw:
            _check(before.status, name, home, where)
            temporary = f"{temporary_prefix(name)}{os.urandom(6).hex()}.tmp"
            with _beside(temporary, home, raw, before.status):
                is_there = os.path.realpath(path) == target and os.path.samestat(os.stat(directory), os.fstat(home))
                if not is_there or look(name, home, where).raw != before.raw:
                    raise Moved
                # an editor asks for no lock: what it writes between this line and the next one is lost
                if glance(name, home).identity != before.identity:
                    raise Moved
                os.replace(temporary, name, src_dir_fd=home, dst_dir_fd=home)
            _confirm(home, where)
        return outcome


def _check(status: os.stat_result | None, name: str, home: int, where: str) -> None:
    if status is None:
        return
    if status.st_nlink > 1:
        raise ConfigError(
            f"{where} has {status.st_nlink} hard links, and replacing it would part them; "
            "use a symbolic link instead, or give it a copy of its own"
        )
    # renaming over it would succeed, but whoever made it read-only did not want that
    if not os.access(name, os.W_OK, dir_fd=home):
        raise ConfigError(f"{where} is read-only; make it writable (chmod u+w) or keep the configuration elsewhere")


def _make(directory: str, path: str, where: str) -> None:
    """Make a directory and those above it, so that they survive a crash too."""
    if os.path.islink(path):
        raise ConfigError(f"{where} is a symbolic link into a directory that does not exist; repair the link")
    make_folder(directory)


def _sweep(name: str, home: int) -> None:
    """Remove what a killed writer left. Nobody writes now: we have the lock."""
    with contextlib.suppress(OSError):
        for left in os.listdir(home):
            if left.startswith(temporary_prefix(name)):
                os.unlink(left, dir_fd=home)


def _beside(name: str, home: int, raw: bytes, like: os.stat_result | None) -> AbstractContextManager[None]:
    """Write a temporary file with the mode and owner of `like`; it is removed afterwards unless it was renamed."""
    return temporary_file(name, raw, folder=home, prepare=lambda file: _make_like(file, like))


def _make_like(fd: int, like: os.stat_result | None) -> None:
    if like is None:
        return
    own = os.fstat(fd)
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        try:
            os.fchown(fd, like.st_uid, like.st_gid)
        except PermissionError:
            # in a directory shared by a group the file changes hands, as with every editor, but stays in the group
            with contextlib.suppress(PermissionError):
                os.fchown(fd, -1, like.st_gid)
    os.fchmod(fd, stat.S_IMODE(like.st_mode))


def _confirm(home: int, where: str) -> None:
    try:
        flush_folder(home)
    except OSError as error:
        said = os.strerror(error.errno or 0)
        raise ConfigError(f"{where} is changed, but a power cut may undo that: {said}; check the disk") from error
