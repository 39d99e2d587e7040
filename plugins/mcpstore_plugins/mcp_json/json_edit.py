"""Edits of a JSON text in place, with the commas and comments around the changed values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from mcpstore.hooks import MISSING
from mcpstore_plugins.mcp_json.jsonc import end_of_space, value_at
from mcpstore_plugins.mcp_json.style import MAX_COLUMN, Style, style_of, written
from mcpstore_plugins.mcp_json.syntax_tree import Item, Layout, Node
from mcpstore_plugins.mcp_json.trivia import comments, indentation, is_blank, joined
from mcpstore_plugins.mcp_json.values import Change, JsonObject, is_equal

__all__ = ["rewrite"]

_ROOT: Final = Layout(True, "", "")


def rewrite(text: str, strict: str, changes: Sequence[Change]) -> str:
    """Return `text` with the changes applied.

    Args:
        text: JSON with comments, or only white space and comments.
        strict: The same text, blanked.
        changes: Changes, applied in order.

    Raises:
        ValueError: A new value contains NaN or an infinite number.
    """
    editor = _JsonEditor(style_of(text))
    start = end_of_space(strict, 0)
    if start == len(strict):
        head = joined(text, editor.style.newline, editor.style.newline) if text.strip() else ""
        text, start = f"{head}{{}}{editor.style.newline}", len(head)
        strict = " " * start + text[start:]
    end = value_at(strict, start)[1]
    root = Node(text, strict, start, end)
    for change in changes:
        editor.change(root, change)
    return text[:start] + root.text() + text[end:]


class _JsonEditor:
    """Applies changes to syntax trees, in the style of a file."""

    def __init__(self, style: Style) -> None:
        self.style: Final = style

    def change(self, root: Node, change: Change) -> None:
        if not change.path:
            self._replace(root, change.value, _ROOT)
            return
        node, layout = root, self._open(root, _ROOT)
        for key in change.path[:-1]:
            item = node.find(key)
            # the parents exist: `Change` guarantees it
            assert item is not None  # noqa: S101
            node, layout = item.value, self._open(item.value, layout)
        if change.value is MISSING:
            self._remove(node, change.path[-1])
        else:
            self._put(node, change.path[-1], change.value, layout)

    def _open(self, node: Node, around: Layout) -> Layout:
        node.open()
        return node.layout(around, self.style)

    def _put(self, node: Node, key: str | int, value: Any, layout: Layout) -> None:
        item = node.find(key)
        if item is not None:
            self._replace(item.value, value, layout)
            return
        text = self._text(value, layout, is_flat=_is_flat(node, value))
        if isinstance(key, str):
            added = Item("", written(key, self.style, "", on_one_line=True), self.style.colon, Node.of(text))
        else:
            added = Item("", "", "", Node.of(text))
        self._add(node, added, layout)
        node.named.setdefault(key, []).append(added)

    def _text(self, value: Any, layout: Layout, *, is_flat: bool) -> str:
        if not layout.is_tall or is_flat:
            text = written(value, self.style, layout.indent, on_one_line=True)
            if not layout.is_tall or len(layout.indent) + len(text) < MAX_COLUMN:
                return text
        return written(value, self.style, layout.indent, on_one_line=False)

    def _add(self, node: Node, added: Item, layout: Layout) -> None:
        if node.items:
            second = node.items[1].lead if len(node.items) > 1 else self.style.comma[1:]
            flat_lead = second if is_blank(second) else self.style.comma[1:]
            added.lead = self.style.newline + layout.indent if layout.is_tall else flat_lead
            if not layout.is_tall:
                # the end of the line stays at its end
                last = node.items[-1]
                last.after, node.tail = "", last.after + node.tail
        else:
            kept = comments(node.tail)
            rest = node.tail[len(kept) :]
            if layout.is_tall:
                added.lead = kept + self.style.newline + layout.indent
                node.tail = rest if self.style.newline in rest else self.style.newline + layout.outer
            else:
                pad = rest or (" " if self.style.is_padded and node.bracket == "{" else "")
                added.lead, node.tail = (kept + (rest or " "), rest) if kept else (pad, pad)
        node.items.append(added)

    def _replace(self, node: Node, value: Any, around: Layout) -> None:
        if is_equal(node.closed_value(), value):
            return
        if isinstance(value, dict) and node.bracket == "{":
            fields = cast("JsonObject", value)
            layout = self._open(node, around)
            for key in [key for key in node.named if key not in fields]:
                self._remove(node, key)
            for key, item in fields.items():
                self._put(node, key, item, layout)
        elif isinstance(value, list) and node.bracket == "[":
            items = cast("list[Any]", value)
            layout = self._open(node, around)
            for position in range(len(node.items) - 1, len(items) - 1, -1):
                self._remove(node, position)
            for position, item in enumerate(items):
                self._put(node, position, item, layout)
        else:
            is_flat = node.bracket in "{[" and "\n" not in node.text() and len(node.text()) > len("{}")
            node.replace(self._text(value, around, is_flat=is_flat))

    def _remove(self, node: Node, key: str | int) -> None:
        # all members of that name are removed; otherwise the value of another one would come back
        removed = [node.items[key]] if isinstance(key, int) else node.named.pop(key)
        for item in removed:
            self._remove_item(node, node.items.index(item))

    def _remove_item(self, node: Node, position: int) -> None:
        """Remove an item with its comma and the comment on its line; comments on the lines above it stay."""
        item = node.items.pop(position)
        above = comments(item.lead)
        if position > 0 and indentation(item.lead) is None:
            # the item shares its line with the previous one, and so the comment at the end of the line
            above += item.after
        follower = node.items[position] if position < len(node.items) else None
        lead = follower.lead if follower else node.tail
        if follower and not above and is_blank(lead) and (position == 0 or indentation(lead) is None):
            lead = item.lead
        elif not node.items and not above and is_blank(lead):
            lead = ""
        else:
            lead = joined(above, lead, self.style.newline)
        if position > 0:
            # the text that moves up must not become part of the comment after the previous item
            behind = node.items[position - 1].after
            lead = joined(behind, lead, self.style.newline)[len(behind) :]
        if follower:
            follower.lead = lead
        else:
            node.tail = lead
        node.has_last_comma &= bool(node.items)


def _is_flat(node: Node, value: Any) -> bool:
    """Return whether the last item is an object on one line, so that a new object should be one, too."""
    if not node.items or not isinstance(value, dict):
        return False
    last = node.items[-1].value.text()
    return last[0] == "{" and len(last) > len("{}") and "\n" not in last
