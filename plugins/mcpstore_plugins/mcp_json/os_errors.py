"""Errors of the operating system when a file is read or written, with remedies."""

from __future__ import annotations

import errno
import os
from typing import Final

from mcpstore.errors import ConfigError

__all__ = ["config_error"]

_REMEDIES: Final = {
    errno.ENOSPC: "free space on the disk and try again",
    errno.EDQUOT: "free space within your disk quota and try again",
    errno.EROFS: "keep the configuration on a file system that is not mounted read-only",
    errno.EBUSY: "if the file is a mount point, mount its directory instead of the file",
    errno.ELOOP: "repair the symbolic link",
    errno.ENOTDIR: "correct the path: a part of it is a file, not a directory",
    errno.EISDIR: "name a file, not a directory",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close programs that have many files open",
    errno.EIO: "check the disk or the network drive; the system log says more",
    errno.ESTALE: "try again: the network drive was mounted again",
}


def config_error(error: OSError, where: str, doing: str, directory: str = "") -> ConfigError:
    """Return the error for a file that cannot be read or written.

    Args:
        error: Error of the operating system.
        where: The file, as the user named it.
        doing: "read" or "written".
        directory: Directory of the file, if its permissions matter.
    """
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in {errno.EACCES, errno.EPERM}:
        remedy = f"check the permissions of {directory}" if directory else "check its permissions and its owner"
    else:
        remedy = _REMEDIES.get(error.errno or 0, "try again; nothing was changed")
    return ConfigError(f"{where} cannot be {doing}: {reason}; {remedy}")
