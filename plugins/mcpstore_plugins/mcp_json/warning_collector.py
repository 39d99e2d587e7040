"""Warnings about a text that can be parsed but is probably not what its author meant."""

from __future__ import annotations

from typing import Final

from mcpstore.hooks import Problem
from mcpstore.models.text import counted
from mcpstore_plugins.mcp_json.text import position

__all__ = ["WarningCollector"]

MAX_WARNINGS: Final = 20
"""Number of warnings that are reported one by one; finding the lines of 100 000 would take minutes."""

Place = int | tuple[int, int]


class WarningCollector:
    """Collects the warnings about a text.

    Args:
        text: The text.
        where: The file, as the user named it.
    """

    def __init__(self, text: str, where: str) -> None:
        self._text: Final = text
        self._where: Final = where
        self._problems: Final[list[Problem]] = []
        self._more = 0

    def add(self, place: Place, what: str, remedy: str) -> None:
        """Add a warning about an offset, or about a line and column."""
        if self._has_room():
            line, column = self._position(place)
            self._problems.append(Problem(where=f"{self._where}:{line}:{column}", what=what, remedy=remedy))

    def add_duplicate(self, key: str, first: Place, again: Place) -> None:
        """Add a warning about a duplicate name in an object."""
        if self._has_room():
            (first_line, _), (line, column) = self._position(first), self._position(again)
            what = f"{key!r} is duplicate, on line {first_line} and on line {line}, and the last one counts"
            where = f"{self._where}:{line}:{column}"
            self._problems.append(Problem(where=where, what=what, remedy="remove or rename one of them"))

    def add_trailing_text(self, place: Place) -> None:
        """Add a warning about text after the document."""
        what = "text after the end of the document is ignored"
        self.add(place, what, "remove it, or move it into the document")

    def problems(self) -> tuple[Problem, ...]:
        """Return the warnings."""
        if not self._more:
            return tuple(self._problems)
        more = Problem(
            where=self._where,
            what=f"{counted(self._more, 'more warning')} of this kind",
            remedy="correct the reported ones first",
        )
        return (*self._problems, more)

    def _has_room(self) -> bool:
        has_room = len(self._problems) < MAX_WARNINGS
        self._more += not has_room
        return has_room

    def _position(self, place: Place) -> tuple[int, int]:
        return position(self._text, place) if isinstance(place, int) else place
