"""Private folders: the data in them is trusted and their socket obeyed, so that only their owner may write to them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["ForeignFolder", "ensure_private_dir"]


class ForeignFolder(OSError):
    """A folder that another user owns, or that others may write to."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EPERM, what)


def ensure_private_dir(path: Path) -> None:
    """Create a folder that only its owner can use, or make sure that an existing folder is private.

    A folder of another user is refused, and so is a folder that all users may write to: files of other users in it
    cannot be recognized. Write access of the group, which some systems grant by default, is removed.

    Raises:
        ForeignFolder: The folder cannot be trusted; the message holds the remedy.
        OSError: The folder cannot be created.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    me = os.getuid()
    link = path.lstat()
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in (0, me):
        raise ForeignFolder(f"it is a link of user {link.st_uid}; remove it, or use another folder")
    info = path.stat()
    if info.st_uid != me:
        raise ForeignFolder(f"it belongs to user {info.st_uid}, and you are {me}; remove it, or use another folder")
    if info.st_mode & stat.S_IWOTH:
        raise ForeignFolder(
            f"all users may write to it (mode {stat.S_IMODE(info.st_mode):04o}); "
            "check that all files in it are yours, then chmod 700 it, or use another folder"
        )
    if info.st_mode & stat.S_IWGRP:
        path.chmod(stat.S_IMODE(info.st_mode) & 0o700)
