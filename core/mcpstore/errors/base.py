"""Base class of all errors, and suggestions for unknown names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MCPStoreError", "known_names"]


class MCPStoreError(Exception):
    """Base class of all errors that MCPStore raises.

    Attributes:
        remedy: Remedy, also part of the message; empty if none is known.
        service: Name of the service; None if the error concerns no service or several.
    """

    remedy: str = ""
    service: str | None = None


def known_names(what: str, names: Sequence[str], unknown: str, most: int = 12) -> str:
    """Return a hint for an unknown name: the most similar known name, and the list of known names.

    Args:
        what: Plural of what is named, such as "services".
        names: Known names.
        unknown: The unknown name.
        most: Number of names that are listed; of the others, only the count is given.
    """
    import difflib  # noqa: PLC0415 - only needed for the error

    if not names:
        return f"there are no {what}"
    similar = difflib.get_close_matches(unknown, names, n=1)
    suggestion = f"did you mean {similar[0]!r}? " if similar else ""
    listed, more = ", ".join(sorted(names)[:most]), len(names) - most
    return f"{suggestion}known {what}: {listed}" + (f" and {more} more" if more > 0 else "")
