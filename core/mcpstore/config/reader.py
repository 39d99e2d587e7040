"""Parser of a whole configuration: an invalid entry does not hide the others, and every problem is reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.detection import find_misplaced_section, looks_like_opencode
from mcpstore.config.dialects.dialect import Dialect
from mcpstore.config.dialects.sections import Section, find_sections, invalid_sections
from mcpstore.config.entry import EntryResult, read_entry
from mcpstore.config.fields import kind_of
from mcpstore.hooks.persistence import Content, Path, Problem
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.models.service import ServiceSpec

__all__ = ["EntryLocation", "Input", "ParsedConfig", "read"]

_MAX_LOCATED: Final = 200
"""Most problems reported with line and column: each may need a scan of the whole text."""


@attrs.frozen(kw_only=True)
class EntryLocation:
    """Location of an entry.

    Attributes:
        path: Path of the entry in the configuration.
        dialect: Dialect of the entry.
        entry: The entry as it was read.
    """

    path: Path
    dialect: Dialect
    entry: Any = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Input:
    """A value that the user supplies, as declared under `inputs` in VS Code.

    Attributes:
        id: Name in `${input:…}`.
        description: Text of the prompt.
        default: Value that is used if none is supplied.
        is_secret: Whether the value is a secret.
    """

    id: str
    description: str = ""
    default: str | None = None
    is_secret: bool = False


@attrs.frozen(kw_only=True)
class ParsedConfig:
    """A parsed configuration.

    Attributes:
        where: Path or URL of the configuration.
        content: The content as it was read.
        sections: The sections that hold entries.
        specs: The services, by name, in the order of the configuration.
        locations: Locations of all entries, valid or not, by name.
        shadowed: Locations of ignored entries, whose name an earlier entry has, by name.
        refused: Errors of the invalid entries, by name.
        inputs: The declared inputs, by id.
        problems: All problems.
    """

    where: str
    content: Content
    sections: tuple[Section, ...]
    specs: Mapping[str, ServiceSpec]
    locations: Mapping[str, EntryLocation]
    shadowed: Mapping[str, tuple[EntryLocation, ...]]
    refused: Mapping[str, tuple[str, ...]]
    inputs: Mapping[str, Input]
    problems: tuple[Problem, ...]


def read(content: Content, *, where: str, project: str | None = None) -> ParsedConfig:
    """Parse a configuration in any mix of dialects.

    Args:
        content: The configuration.
        where: Path or URL of the configuration, for messages; some dialects are detected by the file name.
        project: Folder of a project; its section in Claude Code's user file is read as well, before the others.
    """
    return _Reader(content, where, project).read()


class _Reader:
    def __init__(self, content: Content, where: str, project: str | None) -> None:
        self._content = content
        self._where = where
        self._sections = find_sections(content, where=where, project=project)
        self._specs: dict[str, ServiceSpec] = {}
        self._locations: dict[str, EntryLocation] = {}
        self._titles: dict[str, str] = {}
        self._shadowed: dict[str, tuple[EntryLocation, ...]] = {}
        self._refused: dict[str, tuple[str, ...]] = {}
        self._problems: list[Problem] = list(content.problems)

    def read(self) -> ParsedConfig:
        for key in invalid_sections(self._content.data):
            kind = kind_of(self._content.data[key])
            self._report((key,), f"{key!r} must be an object of servers (got {kind})")
        for section in self._sections:
            self._read_section(section)
        if not self._sections:
            self._report_no_sections()
        return ParsedConfig(
            where=self._where,
            content=self._content,
            sections=tuple(self._sections),
            specs=self._specs,
            locations=self._locations,
            shadowed=self._shadowed,
            refused=self._refused,
            inputs=_inputs(self._content.data),
            problems=tuple(self._problems),
        )

    def _read_section(self, section: Section) -> None:
        lists = as_object(self._content.data.get("mcp")) if section.dialect.has_allow_lists else None
        allowed, excluded = (_names(lists, key) for key in ("allowed", "excluded"))
        for path, name, entry in section.entries():
            location = EntryLocation(path=path, dialect=section.dialect, entry=entry)
            if not isinstance(name, str):
                title = ".".join(map(str, path)) or section.title
                self._add_result(title, path, read_entry(name, entry, section.dialect))
                continue
            if name in self._titles:
                self._add_shadowed(name, location, section.title)
                continue
            is_listed = (allowed is None or name in allowed) and name not in (excluded or ())
            self._titles[name] = section.title
            self._locations[name] = location
            self._add_result(name, path, read_entry(name, entry, section.dialect, listed=is_listed))

    def _add_result(self, name: str, path: Path, result: EntryResult) -> None:
        if result.spec is not None:
            self._specs[name] = result.spec
        else:
            self._refused[name] = result.errors
            self._report(path, "; ".join(result.errors), service=name, remedy="the entry is ignored; correct it")
        for problem in (*result.warnings, *result.notes):
            self._report(path, problem, service=name)

    def _add_shadowed(self, name: str, location: EntryLocation, title: str) -> None:
        self._shadowed[name] = (*self._shadowed.get(name, ()), location)
        first = self._titles[name]
        where = "twice" if first == title else f"in {title!r} as well"
        remedy = f"the first one, in {first!r}, is used; remove or rename the other"
        self._report(location.path, f"the name occurs {where}", service=name, remedy=remedy)

    def _report_no_sections(self) -> None:
        tree = self._content.data
        if not tree:
            return
        if path := find_misplaced_section(tree):
            title = ".".join(path)
            is_opencode = looks_like_opencode({}, _value_at(tree, path))
            key, owner = ("mcp", " of opencode") if is_opencode else ("mcpServers", "")
            what = f"no servers found, but section {title!r} looks like {key!r}{owner}"
            self._report(path, what, remedy=f"move its content to the top level, as {key!r}")
            return
        if not self._problems:
            self._report((), "no servers found: no section holds any", remedy="put servers under 'mcpServers'")

    def _report(self, path: Path, what: str, *, service: str = "", remedy: str = "") -> None:
        position = self._content.locate(path) if path and len(self._problems) < _MAX_LOCATED else None
        where = f"{self._where}:{position[0]}:{position[1]}" if position else self._where
        self._problems.append(
            Problem(where=f"{where}: service {service!r}" if service else where, what=what, remedy=remedy)
        )


def _inputs(tree: Mapping[str, Any]) -> dict[str, Input]:
    inputs: dict[str, Input] = {}
    for holder in (tree, as_object(tree.get("mcp")) or {}):
        for item in as_array(holder.get("inputs")) or ():
            declared = as_object(item) or {}
            if (name := as_text(declared.get("id"))) and name not in inputs:
                inputs[name] = Input(
                    id=name,
                    description=as_text(declared.get("description")) or "",
                    default=as_text(declared.get("default")),
                    is_secret=declared.get("password") is True,
                )
    return inputs


def _names(lists: Mapping[str, Any] | None, key: str) -> frozenset[str] | None:
    listed = as_array((lists or {}).get(key))
    return None if listed is None else frozenset(name for name in listed if isinstance(name, str))


def _value_at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree
