"""Reading a configuration: one odd entry never hides the others, and nothing odd goes unsaid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.detection import find_suspect, looks_like_opencode
from mcpstore.config.dialects.dialect import Dialect
from mcpstore.config.dialects.sections import Section, find_sections, wrong_sections
from mcpstore.config.entry import Outcome, read_entry
from mcpstore.config.fields import kind_of
from mcpstore.hooks.persistence import Content, Path, Problem
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.models.service import ServiceSpec

__all__ = ["Input", "ParsedConfig", "Place", "read"]

_LOCATED: Final = 200  # finding a line may take a look at the whole text, so not for thousands of problems


@attrs.frozen(kw_only=True)
class Place:
    """Where an entry stands.

    Attributes:
        path: Its path in the configuration.
        dialect: The dialect it is written in.
        entry: The entry as it was read.
    """

    path: Path
    dialect: Dialect
    entry: Any = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Input:
    """Something a configuration wants to be asked for, as VS Code's `inputs` declare it.

    Attributes:
        id: What `${input:…}` calls it.
        description: What a person is told when asked.
        default: Its value unless somebody gives another one.
        is_secret: Whether it must not be seen.
    """

    id: str
    description: str = ""
    default: str | None = None
    is_secret: bool = False


@attrs.frozen(kw_only=True)
class ParsedConfig:
    """What a configuration says.

    Attributes:
        where: Where it is kept.
        content: What was read.
        sections: The sections of it that hold entries.
        specs: The services, by name, in the order of the configuration.
        places: Where entries stand, by name; those that cannot be used, too.
        shadowed: Where further entries of a name stand that are ignored for the first one.
        refused: What is wrong with the entries that cannot be used, by name.
        inputs: What it wants to be asked for, by id.
        problems: Everything odd.
    """

    where: str
    content: Content
    sections: tuple[Section, ...]
    specs: Mapping[str, ServiceSpec]
    places: Mapping[str, Place]
    shadowed: Mapping[str, tuple[Place, ...]]
    refused: Mapping[str, tuple[str, ...]]
    inputs: Mapping[str, Input]
    problems: tuple[Problem, ...]


def read(content: Content, *, where: str, project: str | None = None) -> ParsedConfig:
    """Read a configuration in whatever dialects it is written.

    Args:
        content: The configuration.
        where: Where it is kept, for messages; some dialects are told by the file's name.
        project: A folder whose own section in Claude Code's user file counts, too, and before the others.
    """
    return _Reader(content, where, project).read()


class _Reader:
    def __init__(self, content: Content, where: str, project: str | None) -> None:
        self._content = content
        self._where = where
        self._sections = find_sections(content, where=where, project=project)
        self._specs: dict[str, ServiceSpec] = {}
        self._places: dict[str, Place] = {}
        self._titles: dict[str, str] = {}
        self._shadowed: dict[str, tuple[Place, ...]] = {}
        self._refused: dict[str, tuple[str, ...]] = {}
        self._problems: list[Problem] = list(content.problems)

    def read(self) -> ParsedConfig:
        for key in wrong_sections(self._content.data):
            kind = kind_of(self._content.data[key])
            self._report((key,), f"{key!r} must be an object of servers (got {kind})")
        for section in self._sections:
            self._read_section(section)
        if not self._sections:
            self._explain_emptiness()
        return ParsedConfig(
            where=self._where,
            content=self._content,
            sections=tuple(self._sections),
            specs=self._specs,
            places=self._places,
            shadowed=self._shadowed,
            refused=self._refused,
            inputs=_inputs(self._content.data),
            problems=tuple(self._problems),
        )

    def _read_section(self, section: Section) -> None:
        lists = as_object(self._content.data.get("mcp")) if section.dialect.has_lists else None
        allowed, excluded = (_names(lists, key) for key in ("allowed", "excluded"))
        for path, name, entry in section.entries():
            place = Place(path=path, dialect=section.dialect, entry=entry)
            if not isinstance(name, str):
                self._take(".".join(map(str, path)) or section.title, path, read_entry(name, entry, section.dialect))
                continue
            if name in self._titles:
                self._shadow(name, place, section.title)
                continue
            is_listed = (allowed is None or name in allowed) and name not in (excluded or ())
            self._titles[name] = section.title
            self._places[name] = place
            self._take(name, path, read_entry(name, entry, section.dialect, listed=is_listed))

    def _take(self, name: str, path: Path, outcome: Outcome) -> None:
        if outcome.spec is not None:
            self._specs[name] = outcome.spec
        else:
            self._refused[name] = outcome.errors
            self._report(path, "; ".join(outcome.errors), service=name, remedy="it is left out; mend its entry")
        for odd in (*outcome.warnings, *outcome.notes):
            self._report(path, odd, service=name)

    def _shadow(self, name: str, place: Place, title: str) -> None:
        self._shadowed[name] = (*self._shadowed.get(name, ()), place)
        first = self._titles[name]
        where = "twice" if first == title else f"in {title!r}, too"
        remedy = f"the first one, in {first!r}, counts; remove or rename the other"
        self._report(place.path, f"the name occurs {where}", service=name, remedy=remedy)

    def _explain_emptiness(self) -> None:
        tree = self._content.data
        if not tree:
            return
        if suspect := find_suspect(tree):
            title = ".".join(suspect)
            key, owner = ("mcp", " of opencode") if looks_like_opencode({}, _at(tree, suspect)) else ("mcpServers", "")
            what = f"0 servers found, but section {title!r} looks like {key!r}{owner}"
            self._report(suspect, what, remedy=f"move what is in it to the top level, as {key!r}")
            return
        if not self._problems:
            self._report((), "no servers: there is no section for them", remedy="servers belong under 'mcpServers'")

    def _report(self, path: Path, what: str, *, service: str = "", remedy: str = "") -> None:
        found = self._content.locate(path) if path and len(self._problems) < _LOCATED else None
        where = f"{self._where}:{found[0]}:{found[1]}" if found else self._where
        self._problems.append(
            Problem(where=f"{where}: service {service!r}" if service else where, what=what, remedy=remedy)
        )


def _inputs(tree: Mapping[str, Any]) -> dict[str, Input]:
    found: dict[str, Input] = {}
    for holder in (tree, as_object(tree.get("mcp")) or {}):
        for item in as_array(holder.get("inputs")) or ():
            declared = as_object(item) or {}
            if (name := as_text(declared.get("id"))) and name not in found:
                found[name] = Input(
                    id=name,
                    description=as_text(declared.get("description")) or "",
                    default=as_text(declared.get("default")),
                    is_secret=declared.get("password") is True,
                )
    return found


def _names(lists: Mapping[str, Any] | None, key: str) -> frozenset[str] | None:
    listed = as_array((lists or {}).get(key))
    return None if listed is None else frozenset(name for name in listed if isinstance(name, str))


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree
