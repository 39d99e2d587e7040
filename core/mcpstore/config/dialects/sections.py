"""Sections of a configuration that hold service entries."""

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
    list_variant,
)
from mcpstore.config.dialects.clients import default_section, mcp_servers_dialect
from mcpstore.config.dialects.detection import looks_like_entry, looks_like_opencode, looks_usable, values_of
from mcpstore.config.dialects.dialect import Dialect
from mcpstore.hooks.persistence import Content, Path
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["Section", "find_sections", "invalid_sections", "target_section"]

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
"""Paths of sections, in order of precedence: of several entries with one name, the first one is used."""

_AMBIGUOUS: Final = frozenset({("mcp",), ("extensions",), ("tools",)})
# Other programs use these keys too, so the content must look like an entry.

_GOOSE_OWN: Final = frozenset({"builtin", "platform", "frontend", "inline_python"})


@attrs.frozen(kw_only=True)
class Section:
    """A section of a configuration that holds entries.

    Attributes:
        path: Path of the section.
        dialect: Dialect of its entries.
        body: The entries by name, or a list of entries with names.
    """

    path: Path
    dialect: Dialect
    body: Mapping[str, Any] | Sequence[Any]

    @property
    def title(self) -> str:
        """Name of the section in messages."""
        return ".".join(map(str, self.path)) or "the file itself"

    def entries(self) -> Iterator[tuple[Path, Any, Any]]:
        """Yield path, name and entry of each entry; names and entries may be of any type."""
        if isinstance(self.body, Mapping):
            if self.dialect is SINGLE_SERVER:
                yield self.path, self.body.get("name"), self.body
                return
            for name, entry in self.body.items():
                yield (*self.path, name), name, entry
            return
        for i, entry in enumerate(self.body):
            content = as_object(entry) or {}
            yield (*self.path, i), content.get("name", content.get("id")), entry


def find_sections(content: Content, *, where: str = "", project: str | None = None) -> list[Section]:
    """Return the sections of a configuration, in order of precedence.

    Args:
        content: The configuration.
        where: Path or URL of the configuration; some dialects are detected by the file name.
        project: Folder of a project; its section in Claude Code's user file is included, before the others.
    """
    tree = content.data
    sections: list[Section] = []
    if project is not None and (own := _value_at(tree, ("projects", project, "mcpServers"))) is not None:
        path: Path = ("projects", project, "mcpServers")
        sections.append(Section(path=path, dialect=mcp_servers_dialect(tree, where), body=own))
    for path in _KNOWN:
        body = _value_at(tree, path)
        if (as_object(body) is None and as_array(body) is None) or _is_inside(path, sections):
            continue
        if (section := _section(content, path, body, where)) is not None:
            sections.append(section)
    return sections or _root_sections(tree, where)


def invalid_sections(tree: Mapping[str, Any]) -> list[str]:
    """Return the keys of sections whose value is neither an object nor a list."""
    return [
        path[0]
        for path in _KNOWN
        if len(path) == 1
        and path not in _AMBIGUOUS
        and (value := tree.get(path[0])) is not None
        and as_object(value) is None
        and as_array(value) is None
    ]


def target_section(content: Content, *, where: str = "") -> Section:
    """Return the section for new entries; its body is empty if it does not exist yet."""
    for section in find_sections(content, where=where):
        if section.dialect.editable:
            return section
    path, dialect = default_section(content, where)
    return Section(path=path, dialect=dialect, body={})


def _section(content: Content, path: tuple[str, ...], body: Any, where: str) -> Section | None:
    if len(path) > 1 and looks_usable(body):
        return None  # a service that is called "servers"
    if path in _AMBIGUOUS and not (_is_expected(content, path) or any(map(looks_like_entry, values_of(body)))):
        return None
    dialect = _dialect(content, path, body, where)
    if as_object(body) is None:
        if path in (("mcp",), ("extensions",)):  # other programs have lists under these keys
            return None
        return Section(path=path, dialect=list_variant(dialect), body=body)
    if dialect is TOOLS:
        return None
    if dialect is GOOSE:
        body = {name: entry for name, entry in body.items() if as_text(_value_at(entry, ("type",))) not in _GOOSE_OWN}
    return Section(path=path, dialect=dialect, body=body)


def _is_expected(content: Content, path: tuple[str, ...]) -> bool:
    """Whether the schema of the file says that this path holds servers."""
    schema = as_text(content.data.get("$schema")) or ""
    return path == ("mcp",) and ("opencode" in schema or "crush" in schema)


def _dialect(content: Content, path: tuple[str, ...], body: Any, where: str) -> Dialect:
    if path[-1] == "mcpServers":
        return mcp_servers_dialect(content.data, where)
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


def _root_sections(tree: Mapping[str, Any], where: str) -> list[Section]:
    if looks_usable(tree):
        return [Section(path=(), dialect=SINGLE_SERVER, body=tree)]
    entries = {
        key: value
        for key, value in tree.items()
        if as_object(value) is not None and (str(key)[:1] not in ("$", "_") or looks_usable(value))
    }
    usable = [looks_usable(entry) for entry in entries.values()]
    # Every value must look like an entry, or settings files would match; unless the file name says what it holds.
    if any(usable) and (all(map(looks_like_entry, entries.values())) or where.endswith(".mcp.json")):
        return [Section(path=(), dialect=ROOT_MAP, body=entries)]
    return []


def _value_at(tree: Any, path: Path) -> Any:
    """Return the value at a path; None if there is none."""
    value = tree
    for key in path:
        value = (as_object(value) or {}).get(str(key))
    return value


def _is_inside(path: Path, sections: list[Section]) -> bool:
    return any(section.path[: len(path)] == path for section in sections)
