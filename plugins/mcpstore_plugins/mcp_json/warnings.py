"""Collecting what is odd in a text that can be read nevertheless."""

from __future__ import annotations

from typing import Final

from mcpstore.hooks import Problem
from mcpstore.models.text import counted
from mcpstore_plugins.mcp_json.text import position

__all__ = ["Oddities"]

MOST: Final = 20
"""Oddities that are reported one by one. Nobody reads more, and finding the lines of 100 000 would take minutes."""


Place = int | tuple[int, int]


class Oddities:
    """What is odd in one text.

    Args:
        text: The text.
        where: The file, for the reader.
    """

    def __init__(self, text: str, where: str) -> None:
        self._text: Final = text
        self._where: Final = where
        self._found: Final[list[Problem]] = []
        self._more = 0

    def note(self, place: Place, what: str, remedy: str) -> None:
        """Take note of something odd at an offset, or at a line and column."""
        if self._has_room():
            line, column = self._spot(place)
            self._found.append(Problem(where=f"{self._where}:{line}:{column}", what=what, remedy=remedy))

    def note_twice(self, key: str, first: Place, again: Place) -> None:
        """Take note that a name stands twice in one object."""
        if self._has_room():
            (line, _), (then, column) = self._spot(first), self._spot(again)
            what = f"{key!r} stands twice, on line {line} and on line {then}, and the last one counts"
            where = f"{self._where}:{then}:{column}"
            self._found.append(Problem(where=where, what=what, remedy="remove or rename one of them"))

    def note_rest(self, place: Place) -> None:
        """Take note that something follows the document."""
        what = "something follows the end of the document, and is not read"
        self.note(place, what, "remove it, or put it into the first document")

    def problems(self) -> tuple[Problem, ...]:
        """Return what was noted, as it is reported."""
        if not self._more:
            return tuple(self._found)
        more = Problem(
            where=self._where,
            what=f"{counted(self._more, 'more oddity', 'more oddities')} of this kind",
            remedy="mend these first",
        )
        return (*self._found, more)

    def _has_room(self) -> bool:
        has_room = len(self._found) < MOST
        self._more += not has_room
        return has_room

    def _spot(self, place: Place) -> tuple[int, int]:
        return position(self._text, place) if isinstance(place, int) else place
