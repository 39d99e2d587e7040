"""Saying what the operating system has against reading or writing a file, and what to do about it."""

from __future__ import annotations

import errno
import os
from typing import Final

from mcpstore.errors import ConfigError

__all__ = ["trouble"]

_REMEDIES: Final = {
    errno.ENOSPC: "make room on the disk and try again",
    errno.EDQUOT: "your quota is used up: make room and try again",
    errno.EROFS: "the file system is mounted read-only: keep the configuration elsewhere",
    errno.EBUSY: "if it is a mount point of its own, mount its directory instead of the file",
    errno.ELOOP: "repair the symbolic link",
    errno.ENOTDIR: "part of its path is a file, not a directory",
    errno.EISDIR: "name a file, not a directory",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine",
    errno.EIO: "the disk or the network drive fails: see the system log",
    errno.ESTALE: "the network drive was mounted anew: try again",
}


def trouble(error: OSError, where: str, doing: str, directory: str = "") -> ConfigError:
    """Return the error for a file that cannot be read or written.

    Args:
        error: What the operating system said.
        where: The file, as the user named it.
        doing: "read" or "written".
        directory: Where the file is, if that is what permissions are missing for.
    """
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in {errno.EACCES, errno.EPERM}:
        remedy = f"check the permissions of {directory}" if directory else "check its permissions and its owner"
    else:
        remedy = _REMEDIES.get(error.errno or 0, "nothing was changed: try again")
    return ConfigError(f"{where} cannot be {doing}: {said}; {remedy}")
