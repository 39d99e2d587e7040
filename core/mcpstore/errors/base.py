"""The root of all errors, and how names that were meant are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MCPStoreError", "known_names"]


class MCPStoreError(Exception):
    """The root of the tree; catch it to catch whatever MCPStore raises on purpose.

    Attributes:
        remedy: What helps, where that is known; the message holds it, too.
        service: The service concerned; None if it is none, or more than one.
    """

    remedy: str = ""
    service: str | None = None


def known_names(what: str, names: Sequence[str], asked: str, most: int = 12) -> str:
    """Return what there is in place of a name that nobody knows, the one that may have been meant first."""
    import difflib  # noqa: PLC0415 - only for those who err

    if not names:
        return f"there are no {what}"
    near = difflib.get_close_matches(asked, names, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    shown, more = ", ".join(sorted(names)[:most]), len(names) - most
    return f"{meant}known {what}: {shown}" + (f" and {more} more" if more > 0 else "")
