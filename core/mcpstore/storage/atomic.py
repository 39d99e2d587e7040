"""Atomic replacement of files. Every function blocks: call it in a thread.

`replace_file` is the whole procedure; the other functions are its parts, for callers with more rules of their own.
"""
# ruff: noqa: PTH105, PTH118 - names may be relative to a descriptor, which pathlib cannot do

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

__all__ = ["flush_folder", "make_folder", "replace_file", "temporary_file", "temporary_prefix", "write_all"]


def replace_file(
    path: str | os.PathLike[str], data: bytes, *, mode: int = 0o600, prefix: str | None = None, durable: bool = True
) -> None:
    """Replace the content of a file: a reader and a crash find the old content or the new content, never a part.

    Args:
        path: The file. A symbolic link is replaced, not followed.
        data: The new content.
        mode: Mode of the new file, before the umask.
        prefix: Start of the name of the temporary file, by which the caller finds what a killed process left.
        durable: Whether the new content must survive a power failure. False saves two fsync calls; it is for content
            that is rebuilt if it is lost.

    Raises:
        OSError: The file cannot be written and has its old content; or, if only the flush of its folder failed, it
            has the new content, and a power failure may undo that. No temporary file is left.
    """
    folder, name = os.path.split(path)
    prefix = temporary_prefix(name) if prefix is None else prefix
    temporary = os.path.join(folder, f"{prefix}{os.urandom(6).hex()}.tmp")
    with temporary_file(temporary, data, mode=mode, durable=durable):
        os.replace(temporary, path)
    if durable:
        flush_folder(folder or ".")


@contextmanager
def temporary_file(
    path: str,
    data: bytes,
    *,
    mode: int = 0o600,
    folder: int | None = None,
    prepare: Callable[[int], object] = lambda _file: None,
    durable: bool = True,
) -> Generator[None]:
    """Write a new file, closed and on disk when the block is entered, and removed if anything raises.

    Args:
        path: The file; it must not exist.
        data: Its content.
        mode: Its mode, before the umask.
        folder: Descriptor of the folder to which `path` is relative.
        prepare: Called with the descriptor of the empty file.
        durable: Whether to flush the content to disk.

    Raises:
        OSError: The file cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags, mode, dir_fd=folder)
    try:
        try:
            prepare(file)
            write_all(file, data)
            if durable:
                # Never retried: after a failure the kernel may drop the pages, and a second call would succeed.
                os.fsync(file)
        finally:
            os.close(file)
        yield
    except BaseException:
        with suppress(OSError):
            os.unlink(path, dir_fd=folder)
        raise


def temporary_prefix(name: str) -> str:
    """Return how the names of the temporary files of a file begin; `name` itself may have the maximum length."""
    return f".mcpstore-{blake2b(os.fsencode(name), digest_size=6).hexdigest()}-"


def write_all(file: int, data: bytes) -> None:
    """Write all bytes to a descriptor, in as many calls as necessary.

    Raises:
        OSError: They cannot be written; a part of them may be in the file.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def flush_folder(folder: int | str | os.PathLike[str]) -> None:
    """Flush a folder to disk: files that were created in it or renamed into it are found there after a power failure.

    Args:
        folder: Its path or its descriptor.

    Raises:
        OSError: It cannot be flushed.
    """
    if not isinstance(folder, int):
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            flush_folder(file)
        finally:
            os.close(file)
        return
    try:
        os.fsync(folder)
    except OSError as error:
        # Some file systems cannot flush folders and need no flush.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise


def make_folder(folder: str | os.PathLike[str]) -> None:
    """Create a folder and its missing parents, for their owner only, so that they survive a power failure.

    Raises:
        OSError: They cannot be created.
    """
    path = Path(folder).absolute()
    missing = [each for each in (path, *path.parents) if not each.is_dir()]
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(0o700)
        flush_folder(each.parent)
