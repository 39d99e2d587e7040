"""Advisory lock on the directory of a file: one writer at a time.

The lock is on the directory itself, not on a lock file. So it leaves no file behind, works in a read-only directory, is
shared by all users and containers that see the directory, survives editors that rename a new file over the old one, and
is released by the kernel when the writer is killed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Generator
from pathlib import Path as FilePath

__all__ = ["Held", "holder_of", "locked"]


class Held(Exception):
    """Another writer holds the lock."""


@contextlib.contextmanager
def locked(directory: str) -> Generator[int]:
    """Hold the lock of `directory`, and yield its file descriptor.

    Raises:
        Held: Another writer holds the lock; this function does not wait.
        OSError: The directory cannot be opened.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held from None
        except OSError as error:
            # some network drives have no locks; a concurrent change is still noticed before the replacement
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}:
                raise
        yield fd
    finally:
        # unlocked explicitly, because a process forked meanwhile has a copy of the descriptor
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)
        with contextlib.suppress(OSError):
            os.close(fd)


def holder_of(path: str) -> str:
    """Return a description of the process that holds the lock of a file's directory, as far as the system tells."""
    try:
        inode = os.stat(os.path.dirname(os.path.realpath(path))).st_ino  # noqa: PTH116, PTH120 - names may be any bytes
        for line in FilePath("/proc/locks").read_text("ascii").splitlines():
            # 1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
                name = FilePath(f"/proc/{fields[4]}/comm").read_text("utf-8", "replace").strip()
                return f"process {fields[4]} ({name})"
    except (OSError, IndexError):
        pass
    return "another program"
