"""Where in a configuration the service entries stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from mcpstore.config.dialects.catalog import (
    AMP,
    CODEX,
    CRUSH,
    GOOSE,
    OPENCODE,
    OPENCODE_2,
    ROOT_MAP,
    SERVERS,
    SINGLE_SERVER,
    SNAKE_CASE,
    TOOLS,
    VSCODE_SETTINGS,
    ZED,
    as_list,
)
from mcpstore.config.dialects.clients import mcp_servers_of, usual_section
from mcpstore.config.dialects.detection import looks_like_entry, looks_like_opencode, looks_usable, values_of
from mcpstore.config.dialects.dialect import Dialect
from mcpstore.hooks.persistence import Content, Path
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["Section", "find_sections", "home_of", "wrong_sections"]

_KNOWN: Final[tuple[tuple[str, ...], ...]] = (
    ("mcpServers",),
    ("servers",),
    ("mcp", "servers"),
    ("mcp", "mcpServers"),
    ("mcp.servers",),
    ("mcp",),
    ("amp.mcpServers",),
    ("context_servers",),
    ("mcp_servers",),
    ("extensions",),
    ("tools",),
)
"""Where clients look, in the order in which the first of several entries of one name wins."""

_AMBIGUOUS: Final = frozenset({("mcp",), ("extensions",), ("tools",)})
# Other programs use these keys for other things, so something in them must look like an entry.

_GOOSE_OWN: Final = frozenset({"builtin", "platform", "frontend", "inline_python"})


@attrs.frozen(kw_only=True)
class Section:
    """A part of a configuration that holds entries.

    Attributes:
        path: Where it is.
        dialect: What its entries are written in.
        body: The entries: by name, or a list of entries that hold their names.
    """

    path: Path
    dialect: Dialect
    body: Mapping[str, Any] | Sequence[Any]

    @property
    def title(self) -> str:
        """How messages call it."""
        return ".".join(map(str, self.path)) or "the file itself"

    def entries(self) -> Iterator[tuple[Path, Any, Any]]:
        """Yield path, name and entry of everything in it; names and entries may be of any type."""
        if isinstance(self.body, Mapping):
            if self.dialect is SINGLE_SERVER:
                yield self.path, self.body.get("name"), self.body
                return
            for name, entry in self.body.items():
                yield (*self.path, name), name, entry
            return
        for i, entry in enumerate(self.body):
            found = as_object(entry) or {}
            yield (*self.path, i), found.get("name", found.get("id")), entry


def find_sections(content: Content, *, where: str = "", project: str | None = None) -> list[Section]:
    """Return the sections of a configuration, in the order in which the first of several equal names wins.

    Args:
        content: The configuration.
        where: Where it is kept; some dialects are told by the file's name.
        project: A folder whose own section in Claude Code's user file counts, too, and before the others.
    """
    tree = content.data
    found: list[Section] = []
    if project is not None and (own := _at(tree, ("projects", project, "mcpServers"))) is not None:
        path: Path = ("projects", project, "mcpServers")
        found.append(Section(path=path, dialect=mcp_servers_of(tree, where), body=own))
    for path in _KNOWN:
        body = _at(tree, path)
        if (as_object(body) is None and as_array(body) is None) or _is_inside(path, found):
            continue
        if (section := _section(content, path, body, where)) is not None:
            found.append(section)
    return found or _at_root(tree, where)


def wrong_sections(tree: Mapping[str, Any]) -> list[str]:
    """Return the keys that can only mean a section of servers, but hold something else."""
    return [
        path[0]
        for path in _KNOWN
        if len(path) == 1
        and path not in _AMBIGUOUS
        and (value := tree.get(path[0])) is not None
        and as_object(value) is None
        and as_array(value) is None
    ]


def home_of(content: Content, *, where: str = "") -> Section:
    """Return the section new entries belong to; it may not be there yet, and then its body is empty."""
    for section in find_sections(content, where=where):
        if section.dialect.editable:
            return section
    path, dialect = usual_section(content, where)
    return Section(path=path, dialect=dialect, body={})


def _section(content: Content, path: tuple[str, ...], body: Any, where: str) -> Section | None:
    if len(path) > 1 and looks_usable(body):
        return None  # a service that happens to be called "servers"
    if path in _AMBIGUOUS and not (_is_expected(content, path) or any(map(looks_like_entry, values_of(body)))):
        return None
    dialect = _dialect(content, path, body, where)
    if as_object(body) is None:
        # Elsewhere, other programs keep lists of other things under these keys.
        return None if path in (("mcp",), ("extensions",)) else Section(path=path, dialect=as_list(dialect), body=body)
    if dialect is TOOLS:
        return None
    if dialect is GOOSE:
        body = {name: entry for name, entry in body.items() if as_text(_at(entry, ("type",))) not in _GOOSE_OWN}
    return Section(path=path, dialect=dialect, body=body)


def _is_expected(content: Content, path: tuple[str, ...]) -> bool:
    """Whether the file says itself that it is one whose servers stand here."""
    schema = as_text(content.data.get("$schema")) or ""
    return path == ("mcp",) and ("opencode" in schema or "crush" in schema)


def _dialect(content: Content, path: tuple[str, ...], body: Any, where: str) -> Dialect:
    if path[-1] == "mcpServers":
        return mcp_servers_of(content.data, where)
    if path == ("mcp_servers",) and content.format == "toml":
        return CODEX
    if path[0] in ("mcp", "mcp.servers") and looks_like_opencode(content.data, body):
        return OPENCODE if path == ("mcp",) else OPENCODE_2
    return _DIALECTS[path]


_DIALECTS: Final[Mapping[tuple[str, ...], Dialect]] = {
    ("servers",): SERVERS,
    ("mcp", "servers"): VSCODE_SETTINGS,
    ("mcp.servers",): VSCODE_SETTINGS,
    ("mcp",): CRUSH,
    ("amp.mcpServers",): AMP,
    ("context_servers",): ZED,
    ("mcp_servers",): SNAKE_CASE,
    ("extensions",): GOOSE,
    ("tools",): TOOLS,
}


def _at_root(tree: Mapping[str, Any], where: str) -> list[Section]:
    if looks_usable(tree):
        return [Section(path=(), dialect=SINGLE_SERVER, body=tree)]
    entries = {
        key: value
        for key, value in tree.items()
        if as_object(value) is not None and (str(key)[:1] not in ("$", "_") or looks_usable(value))
    }
    usable = [looks_usable(entry) for entry in entries.values()]
    # One entry that is none would make a settings file look like servers, except where the file's name says it holds
    # nothing else.
    if any(usable) and (all(map(looks_like_entry, entries.values())) or where.endswith(".mcp.json")):
        return [Section(path=(), dialect=ROOT_MAP, body=entries)]
    return []


def _at(tree: Any, path: Path) -> Any:
    """Return what is at a path, None if there is nothing."""
    value = tree
    for key in path:
        value = (as_object(value) or {}).get(str(key))
    return value


def _is_inside(path: Path, found: list[Section]) -> bool:
    return any(section.path[: len(path)] == path for section in found)
