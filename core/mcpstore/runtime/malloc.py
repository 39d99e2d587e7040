"""What a manager that owns its process asks of the allocator: to give back what was needed for a moment.

The allocator of glibc learns: once a large block was freed, the next ones of that size come from the heap, and what is
free there is kept. For a program that lives for a second that is fast. A manager that once had a frame of 8 MiB, or
made a report, would keep that memory for ever, in the heap of each thread. With limits that were set it does not learn.

Only the command line asks for it: a library has no business changing how its host's memory is managed.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LARGE", "trim_eagerly"]

LARGE: Final = 128 * 1024
"""Bytes of a block that is mapped by itself, and given back when it is freed; of what is kept free at the end, too."""

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3


def trim_eagerly() -> bool:
    """Have memory given back to the system as soon as it is free; returns whether this allocator can."""
    import ctypes  # noqa: PLC0415 - only here, and it is not small

    try:
        mallopt = ctypes.CDLL(None).mallopt
        return all(mallopt(option, LARGE) == 1 for option in (_MMAP_THRESHOLD, _TRIM_THRESHOLD))
    except (OSError, AttributeError):  # not glibc
        return False
