"""Atomic replacement of a file: after a crash it is the old or the new one, and no concurrent change is lost."""
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
from mcpstore_plugins.mcp_json.file_state import FileChanged, read_state, stat_state
from mcpstore_plugins.mcp_json.lock import locked
from mcpstore_plugins.mcp_json.os_errors import config_error

__all__ = ["save"]

MAX_ATTEMPTS: Final = 20
"""Attempts of a save; each further one follows a concurrent change by another program."""

T = TypeVar("T")


def save(path: str, where: str, change: Callable[[bytes | None], tuple[bytes | None, T]]) -> T:
    """Replace the content of a file by the result of `change`, and return the second result of `change`.

    After a concurrent change by another program, `change` is called again with the new content.

    Args:
        path: The file; a symlink stays one, and its target is replaced.
        where: The file, as the user named it.
        change: Returns the new bytes for the present ones, None for no change; if it raises, nothing is written.

    Raises:
        Held: Another writer holds the lock of the directory.
        ConfigError: The file cannot be written and is unchanged; or it is written, but the disk does not confirm that.
            The message says which.
    """
    directory = os.path.dirname(os.path.realpath(path))
    try:
        for _ in range(MAX_ATTEMPTS):
            with contextlib.suppress(FileChanged):
                return _save(path, where, change)
    except OSError as error:
        raise config_error(error, where, "written", directory) from error
    raise ConfigError(f"{where} cannot be written: another program keeps changing it; close that program, or try again")


def _save(path: str, where: str, change: Callable[[bytes | None], tuple[bytes | None, T]]) -> T:
    target = os.path.realpath(path)
    if os.path.islink(target):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    directory, name = os.path.split(target)
    if not os.path.isdir(directory):
        # an edit that changes nothing or fails creates no directories
        raw, outcome = change(None)
        if raw is None:
            return outcome
        _make_directory(directory, path, where)
    with locked(directory) as folder:
        _remove_leftovers(name, folder)
        before = read_state(name, folder, where)
        raw, outcome = change(before.raw)
        if raw is not None and raw != before.raw:
            _check(before.status, name, folder, where)
            temporary = f"{temporary_prefix(name)}{os.urandom(6).hex()}.tmp"
            with _temporary_file(temporary, folder, raw, before.status):
                is_there = os.path.realpath(path) == target and os.path.samestat(os.stat(directory), os.fstat(folder))
                if not is_there or read_state(name, folder, where).raw != before.raw:
                    raise FileChanged
                # editors use no lock: a change between this line and the replacement is lost
                if stat_state(name, folder).identity != before.identity:
                    raise FileChanged
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            _confirm(folder, where)
        return outcome


def _check(status: os.stat_result | None, name: str, folder: int, where: str) -> None:
    if status is None:
        return
    if status.st_nlink > 1:
        raise ConfigError(
            f"{where} has {status.st_nlink} hard links, which a replacement would separate; "
            "use a symbolic link, or make a copy of the file"
        )
    # renaming over a read-only file would succeed, against the intention of its owner
    if not os.access(name, os.W_OK, dir_fd=folder):
        raise ConfigError(f"{where} is read-only; make it writable (chmod u+w), or keep the configuration elsewhere")


def _make_directory(directory: str, path: str, where: str) -> None:
    if os.path.islink(path):
        raise ConfigError(f"{where} is a symbolic link into a directory that does not exist; repair the link")
    make_folder(directory)


def _remove_leftovers(name: str, folder: int) -> None:
    """Remove temporary files of killed writers; this writer holds the lock, so none is in use."""
    with contextlib.suppress(OSError):
        for entry in os.listdir(folder):
            if entry.startswith(temporary_prefix(name)):
                os.unlink(entry, dir_fd=folder)


def _temporary_file(name: str, folder: int, raw: bytes, like: os.stat_result | None) -> AbstractContextManager[None]:
    """Write a temporary file with the mode and owner of `like`; it is removed afterwards unless it was renamed."""
    return temporary_file(name, raw, folder=folder, prepare=lambda file: _copy_owner_and_mode(file, like))


def _copy_owner_and_mode(fd: int, like: os.stat_result | None) -> None:
    if like is None:
        return
    own = os.fstat(fd)
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        try:
            os.fchown(fd, like.st_uid, like.st_gid)
        except PermissionError:
            # the owner changes, as with any editor, but the group of a shared directory stays
            with contextlib.suppress(PermissionError):
                os.fchown(fd, -1, like.st_gid)
    os.fchmod(fd, stat.S_IMODE(like.st_mode))


def _confirm(folder: int, where: str) -> None:
    try:
        flush_folder(folder)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigError(f"{where} is changed, but a power cut may undo that: {reason}; check the disk") from error
