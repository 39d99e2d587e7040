"""Detection of service entries among the other content of settings files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mcpstore.config.dialects.dialect import ALIASES
from mcpstore.config.dialects.transport_names import known_transport
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["find_misplaced_section", "looks_like_entry", "looks_like_opencode", "looks_usable", "values_of"]

_MAX_NODES: Final = 10_000
"""Most nodes searched in a file without servers."""
_OTHER_COMMANDS: Final = frozenset({"lsp", "formatter", "formatters", "linters", "hooks", "tasks", "agents"})


def looks_usable(value: Any) -> bool:
    """Whether this is an entry that can be started: it has a command or a URL, and no unknown type."""
    entry = as_object(value)
    if entry is None:
        return False
    kind = as_text(entry.get("type"))
    if kind is not None and known_transport(kind) is None:
        return False
    command = entry.get("command", entry.get("cmd"))
    if as_text(command) or as_array(command) or as_object(command):
        return True
    return any(as_text(entry.get(key)) for key in ALIASES["url"]) or as_object(entry.get("transport")) is not None


def looks_like_entry(value: Any) -> bool:
    """Whether this may be an entry, valid or not."""
    entry = as_object(value)
    if entry is None:
        return False
    if "transport" in entry or any(key in entry for what in ("command", "args", "url") for key in ALIASES[what]):
        return True
    return known_transport(as_text(entry.get("type")) or "") is not None


def looks_like_opencode(tree: Mapping[str, Any], body: Any) -> bool:
    """Whether entries are in the dialect of opencode."""
    if (schema := as_text(tree.get("$schema"))) is not None:
        if "opencode" in schema:
            return True
        if "crush" in schema:
            return False
    return any(
        as_array(entry.get("command")) is not None
        or entry.get("type") in ("local", "remote")
        or as_object(entry.get("environment")) is not None
        for value in values_of(body)
        if (entry := as_object(value)) is not None
    )


def values_of(body: Any) -> list[Any]:
    """Return the values of an object, or the items of a list."""
    content = as_object(body)
    return list(content.values()) if content is not None else list(as_array(body) or ())


def find_misplaced_section(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the path of an object that looks like a section of servers, in a file without one; empty if none does."""
    level: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    visited = 0
    while level:
        below: list[tuple[tuple[str, ...], Any]] = []
        for path, node in level:
            for key, value in (as_object(node) or {}).items():
                visited += 1
                child = (*path, str(key))
                if _looks_like_section(str(key), value):
                    return child
                if visited < _MAX_NODES and key not in _OTHER_COMMANDS:
                    below.append((child, value))
        level = below
    return ()


def _looks_like_section(key: str, value: Any) -> bool:
    entries = values_of(value)
    if not any(map(looks_usable, entries)):
        return False
    return any(word in key.lower() for word in ("mcp", "server"))
