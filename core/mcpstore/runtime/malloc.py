"""Returns freed memory to the system, for a manager that owns its process.

The allocator of glibc adapts: after a large block was freed, blocks of that size come from the heap, and free memory
there is kept. That is fast for short programs. A manager that once had a frame of 8 MiB, or made a report, would keep
that memory for ever, in the heap of each thread. With explicit limits, the allocator does not adapt.

Only the command line uses this: a library must not change the memory management of its program.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LARGE", "trim_eagerly"]

LARGE: Final = 128 * 1024
"""Size from which a block is mapped separately and returned when it is freed, and most free memory kept, in bytes."""

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3


def trim_eagerly() -> bool:
    """Return memory to the system as soon as it is free; returns whether the allocator supports that."""
    import ctypes  # noqa: PLC0415 - only here, and it is not small

    try:
        mallopt = ctypes.CDLL(None).mallopt
        return all(mallopt(option, LARGE) == 1 for option in (_MMAP_THRESHOLD, _TRIM_THRESHOLD))
    except (OSError, AttributeError):  # not glibc
        return False
