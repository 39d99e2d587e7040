"""One writer at a time: an advisory lock on the directory of the file.

The lock is on the directory itself, not on a file beside the configuration or in some runtime directory. So it leaves
nothing behind in anybody's project, works where the directory is read-only, is the same for every user and every
container that sees the directory, survives editors that rename a new file over the old one, and is let go of by the
kernel when a writer is killed.
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
    """Somebody else holds the lock at the moment."""


@contextlib.contextmanager
def locked(directory: str) -> Generator[int]:
    """Hold the lock of `directory`, and give its file descriptor.

    Raises:
        Held: Somebody else has it; nobody waits in here.
        OSError: The directory cannot be opened.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held from None
        except OSError as error:
            # some network drives know no locks; what others write is still noticed before it is replaced
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}:
                raise
        yield fd
    finally:
        # a process forked meanwhile has a copy of the descriptor, so that closing ours would not be enough
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)
        with contextlib.suppress(OSError):
            os.close(fd)


def holder_of(path: str) -> str:
    """Return who holds the lock of the directory `path` really is in, as far as this system tells."""
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
