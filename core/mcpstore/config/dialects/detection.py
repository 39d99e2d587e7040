"""Telling service entries from everything else that settings files hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mcpstore.config.dialects.dialect import ALIASES
from mcpstore.config.dialects.transport_names import known_transport
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["find_suspect", "looks_like_entry", "looks_like_opencode", "looks_usable", "values_of"]

_LOOKED_AT: Final = 10_000  # nodes of a strange file that are searched for something that looks like servers
_OTHER_COMMANDS: Final = frozenset({"lsp", "formatter", "formatters", "linters", "hooks", "tasks", "agents"})


def looks_usable(value: Any) -> bool:
    """Whether this is an entry somebody could start: it has a command or a URL, and no type of its own kind."""
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
    """Whether this may be an entry, if perhaps one with a fault."""
    entry = as_object(value)
    if entry is None:
        return False
    if "transport" in entry or any(key in entry for what in ("command", "args", "url") for key in ALIASES[what]):
        return True
    return known_transport(as_text(entry.get("type")) or "") is not None


def looks_like_opencode(tree: Mapping[str, Any], body: Any) -> bool:
    """Whether entries are spelled as opencode spells them."""
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
    """Return what an object or a list holds."""
    found = as_object(body)
    return list(found.values()) if found is not None else list(as_array(body) or ())


def find_suspect(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Return where in a file without servers something looks like a section of them; empty if nowhere."""
    level: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    looked = 0
    while level:
        below: list[tuple[tuple[str, ...], Any]] = []
        for path, node in level:
            for key, value in (as_object(node) or {}).items():
                looked += 1
                here = (*path, str(key))
                if _is_suspect(str(key), value):
                    return here
                if looked < _LOOKED_AT and key not in _OTHER_COMMANDS:
                    below.append((here, value))
        level = below
    return ()


def _is_suspect(key: str, value: Any) -> bool:
    entries = values_of(value)
    if not any(map(looks_usable, entries)):
        return False
    return any(word in key.lower() for word in ("mcp", "server"))
