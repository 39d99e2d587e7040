"""A JSON text as a tree of verbatim pieces, so that an edit leaves alone what it does not concern.

A value is one piece until an edit leads into it; then it is opened up into its items, each of them again a few verbatim
pieces. All pieces in a row give the text: whatever no edit touched is the same, byte for byte, by construction.
"""

from __future__ import annotations

from typing import Any

import attrs

from mcpstore.hooks import MISSING
from mcpstore_plugins.mcp_json.jsonc import value_at
from mcpstore_plugins.mcp_json.spans import members
from mcpstore_plugins.mcp_json.style import Style
from mcpstore_plugins.mcp_json.trivia import gap_parts, indentation

__all__ = ["Item", "Layout", "Node"]


@attrs.frozen
class Layout:
    """How the items of an object or array are laid out.

    Attributes:
        is_tall: Whether they stand on lines of their own.
        indent: How far they are indented; on one line, how far that line is.
        outer: How far the closing bracket is indented.
    """

    is_tall: bool
    indent: str
    outer: str


@attrs.define(eq=False)
class Item:
    """A member of an object or array, in pieces.

    Attributes:
        lead: What stands before it, from the comma (or the rest of its line) on.
        name: Its name as it is written; empty in arrays.
        colon: What stands between name and value.
        value: The value.
        before: What stands between the value and its comma.
        after: What follows the comma on the same line.
    """

    lead: str
    name: str
    colon: str
    value: Node
    before: str = ""
    after: str = ""


class Node:
    """A value: a piece of text, or opened up into items.

    Args:
        text: A text that contains it.
        strict: The same text, blanked.
        start: Offset of its first character.
        end: Offset behind its last one.

    Attributes:
        items: The items, once opened.
        named: The items by name; more than one where a name stands twice.
        tail: What stands before the closing bracket.
        has_last_comma: Whether the last item has a comma too.
    """

    def __init__(self, text: str, strict: str, start: int, end: int) -> None:
        self._become(text, strict, start, end)
        self._layout: Layout | None = None

    @classmethod
    def of(cls, text: str) -> Node:
        """Return the value that `text`, which is strict JSON, stands for."""
        return cls(text, text, 0, len(text))

    def _become(self, text: str, strict: str, start: int, end: int) -> None:
        self._text, self._strict, self._start, self._end = text, strict, start, end
        self._is_open = False
        self.items: list[Item] = []
        self.named: dict[str | int, list[Item]] = {}
        self.tail = ""
        self.has_last_comma = False

    @property
    def bracket(self) -> str:
        """The bracket it begins with, or some other character."""
        return self._strict[self._start]

    def text(self) -> str:
        """Return it as text."""
        if not self._is_open:
            return self._text[self._start : self._end]
        pieces = [self.bracket]
        for item in self.items:
            pieces += (item.lead, item.name, item.colon, item.value.text(), item.before, ",", item.after)
        if self.items and not self.has_last_comma:
            del pieces[-2]
        pieces += (self.tail, "}" if self.bracket == "{" else "]")
        return "".join(pieces)

    def closed_value(self) -> Any:
        """Return the value of one that was not opened, else `MISSING`."""
        return MISSING if self._is_open else value_at(self._strict, self._start)[0]

    def replace(self, text: str) -> None:
        """Make it another value, given as strict JSON."""
        self._become(text, text, 0, len(text))
        self._layout = None

    def open(self) -> None:
        """Open it up into items, unless it is."""
        if self._is_open:
            return
        self._is_open = True
        found, close = members(self._strict, self._start)
        lead = self._text[self._start + 1 : found[0].key_start if found else close]
        for position, member in enumerate(found):
            until = found[position + 1].key_start if position + 1 < len(found) else close
            gap = gap_parts(self._text[member.end : until])
            value = Node(self._text, self._strict, member.start, member.end)
            name = self._text[member.key_start : member.key_end]
            colon = self._text[member.key_end : member.start]
            item = Item(lead, name, colon, value, gap.before, gap.after)
            self.items.append(item)
            self.named.setdefault(member.key, []).append(item)
            lead, self.has_last_comma = gap.lead, gap.has_comma
        self.tail = lead

    def find(self, key: str | int) -> Item | None:
        """Return the item at `key`; of several with one name the last, as in the data."""
        if isinstance(key, int):
            return self.items[key] if key < len(self.items) else None
        found = self.named.get(key)
        return found[-1] if found else None

    def layout(self, around: Layout, style: Style) -> Layout:
        """Return how the items are laid out, or would be if there were any.

        Args:
            around: The layout of which this value is an item.
            style: How the file is written.
        """
        if self._layout is None:
            indents = (indentation(item.lead) for item in reversed(self.items))
            indent = next((found for found in indents if found is not None), None)
            if indent is not None:
                self._layout = Layout(True, indent, around.indent)
            elif self.items or ("\n" not in self.tail and (self.tail.strip() or not around.is_tall)):
                self._layout = Layout(False, around.indent, around.indent)
            else:
                self._layout = Layout(True, around.indent + style.unit, around.indent)
        return self._layout
