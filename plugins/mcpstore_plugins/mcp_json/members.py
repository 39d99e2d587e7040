"""Offsets of the members of objects and arrays in a blanked text, which is well-formed strict JSON."""

from __future__ import annotations

from typing import Final, NamedTuple

from mcpstore.hooks import Path
from mcpstore_plugins.mcp_json.jsonc import end_of_space, value_at

__all__ = ["Member", "MemberIndex", "members"]


class Member(NamedTuple):
    """Offsets of a member of an object or array; in an array the key is the index and has no extent."""

    key: str | int
    key_start: int
    key_end: int
    start: int
    end: int


def members(text: str, start: int) -> tuple[list[Member], int]:
    """Return the members of the object or array whose bracket is at `start`, and the offset of its closing bracket.

    Values are skipped by decoding them: the decoder of the standard library is faster than any scan in Python.
    """
    result: list[Member] = []
    is_object = text[start] == "{"
    offset = end_of_space(text, start + 1)
    while text[offset] not in "]}":
        key: str | int = len(result)
        key_start = key_end = offset
        if is_object:
            key, key_end = value_at(text, offset)
            offset = end_of_space(text, end_of_space(text, key_end) + 1)
        end = value_at(text, offset)[1]
        result.append(Member(key, key_start, key_end, offset, end))
        offset = end_of_space(text, end)
        if text[offset] == ",":
            offset = end_of_space(text, offset + 1)
    return result, offset


class MemberIndex:
    """Finds the offsets of values by path, and caches the members on the way.

    Args:
        text: Blanked text.
        start: Offset of the root.
    """

    __slots__ = ("_known", "_start", "_text")

    def __init__(self, text: str, start: int) -> None:
        self._text: Final = text
        self._start: Final = start
        self._known: Final[dict[int, dict[str | int, Member]]] = {}

    def find(self, path: Path) -> int | None:
        """Return the offset of the value at `path`, or None if there is none."""
        start = self._start
        for key in path:
            if self._text[start] not in "{[":
                return None
            if start not in self._known:
                # of members with the same name the last one counts, as in the data
                self._known[start] = {member.key: member for member in members(self._text, start)[0]}
            member = self._known[start].get(key)
            if member is None:
                return None
            start = member.start
        return start
