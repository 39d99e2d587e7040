"""Syntax tree of a JSON text that keeps white space and comments, so that an edit changes nothing else.

A value is one verbatim piece of text until an edit concerns its inside; then it is opened into its items, each again
made of verbatim pieces. All pieces in a row are the text, so untouched parts stay identical byte for byte.
"""

from __future__ import annotations

from typing import Any

import attrs

from mcpstore.hooks import MISSING
from mcpstore_plugins.mcp_json.jsonc import value_at
from mcpstore_plugins.mcp_json.members import members
from mcpstore_plugins.mcp_json.style import Style
from mcpstore_plugins.mcp_json.trivia import gap_parts, indentation

__all__ = ["Item", "Layout", "Node"]


@attrs.frozen
class Layout:
    """Layout of the items of an object or array.

    Attributes:
        is_tall: Whether each item is on a line of its own.
        indent: Indentation of the items; if all are on one line, of that line.
        outer: Indentation of the closing bracket.
    """

    is_tall: bool
    indent: str
    outer: str


@attrs.define(eq=False)
class Item:
    """A member of an object or array, in pieces of text.

    Attributes:
        lead: Text before the item, from the previous comma (or the end of its line) on.
        name: Name as written; empty in arrays.
        colon: Text between name and value.
        value: The value.
        before: Text between the value and its comma.
        after: Text after the comma on the same line.
    """

    lead: str
    name: str
    colon: str
    value: Node
    before: str = ""
    after: str = ""


class Node:
    """A value: a piece of text, or opened into items.

    Args:
        text: A text that contains the value.
        strict: The same text, blanked.
        start: Offset of the value.
        end: Offset of the end of the value.

    Attributes:
        items: The items, if opened.
        named: The items by name; several where a name is duplicate.
        tail: Text before the closing bracket.
        has_last_comma: Whether the last item has a trailing comma.
    """

    def __init__(self, text: str, strict: str, start: int, end: int) -> None:
        self._set(text, strict, start, end)
        self._layout: Layout | None = None

    @classmethod
    def of(cls, text: str) -> Node:
        """Return the node of a strict JSON text."""
        return cls(text, text, 0, len(text))

    def _set(self, text: str, strict: str, start: int, end: int) -> None:
        self._text, self._strict, self._start, self._end = text, strict, start, end
        self._is_open = False
        self.items: list[Item] = []
        self.named: dict[str | int, list[Item]] = {}
        self.tail = ""
        self.has_last_comma = False

    @property
    def bracket(self) -> str:
        """First character of the value: a bracket for objects and arrays."""
        return self._strict[self._start]

    def text(self) -> str:
        """Return the text of the value."""
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
        """Return the parsed value; `MISSING` if the node is opened."""
        return MISSING if self._is_open else value_at(self._strict, self._start)[0]

    def replace(self, text: str) -> None:
        """Replace the value by another one, given as strict JSON."""
        self._set(text, text, 0, len(text))
        self._layout = None

    def open(self) -> None:
        """Open the value into items; does nothing if it is opened."""
        if self._is_open:
            return
        self._is_open = True
        all_members, close = members(self._strict, self._start)
        lead = self._text[self._start + 1 : all_members[0].key_start if all_members else close]
        for position, member in enumerate(all_members):
            gap_end = all_members[position + 1].key_start if position + 1 < len(all_members) else close
            gap = gap_parts(self._text[member.end : gap_end])
            value = Node(self._text, self._strict, member.start, member.end)
            name = self._text[member.key_start : member.key_end]
            colon = self._text[member.key_end : member.start]
            item = Item(lead, name, colon, value, gap.before, gap.after)
            self.items.append(item)
            self.named.setdefault(member.key, []).append(item)
            lead, self.has_last_comma = gap.lead, gap.has_comma
        self.tail = lead

    def find(self, key: str | int) -> Item | None:
        """Return the item at `key`; of several with the same name the last, as in the data."""
        if isinstance(key, int):
            return self.items[key] if key < len(self.items) else None
        same_name = self.named.get(key)
        return same_name[-1] if same_name else None

    def layout(self, around: Layout, style: Style) -> Layout:
        """Return the layout of the items; for an empty value, the layout of items to be added.

        Args:
            around: Layout that this value is an item of.
            style: Style of the file.
        """
        if self._layout is None:
            indents = (indentation(item.lead) for item in reversed(self.items))
            indent = next((indent for indent in indents if indent is not None), None)
            if indent is not None:
                self._layout = Layout(True, indent, around.indent)
            elif self.items or ("\n" not in self.tail and (self.tail.strip() or not around.is_tall)):
                self._layout = Layout(False, around.indent, around.indent)
            else:
                self._layout = Layout(True, around.indent + style.unit, around.indent)
        return self._layout
