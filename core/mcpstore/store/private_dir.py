"""Making sure that a folder of ours is nobody else's: what lies in it is believed, and its socket obeyed."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["ForeignFolder", "ensure_private_dir"]


class ForeignFolder(OSError):
    """A folder that others own or may write to."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EPERM, what)


def ensure_private_dir(path: Path) -> None:
    """Make a folder that only its owner can use, or make sure that one that is there is like that.

    A folder that belongs to somebody else is refused, and one that everybody may write to: what was put there meanwhile
    cannot be told from what is ours. Members of the group, whom some systems let in by default, are shut out.

    Raises:
        ForeignFolder: It cannot be trusted; says what to do.
        OSError: It cannot be made.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    me = os.getuid()
    link = path.lstat()
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in (0, me):
        raise ForeignFolder(f"it is a link made by user {link.st_uid}; remove it, or use another folder")
    found = path.stat()
    if found.st_uid != me:
        raise ForeignFolder(f"it belongs to user {found.st_uid}, and you are {me}; remove it, or use another folder")
    if found.st_mode & stat.S_IWOTH:
        raise ForeignFolder(
            f"everybody may write to it (mode {stat.S_IMODE(found.st_mode):04o}); "
            "see that nothing in it is a stranger's, then chmod 700 it, or use another folder"
        )
    if found.st_mode & stat.S_IWGRP:
        path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
