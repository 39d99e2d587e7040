"""Edits that add, replace, remove and switch services in a configuration, in its dialect, with the smallest change.

Every edit states the value that it expects to replace, so that changes of other programs are not lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpstore.config.dialects.catalog import MCP_SERVERS, SINGLE_SERVER
from mcpstore.config.dialects.dialect import SWITCHES, Dialect
from mcpstore.config.dialects.sections import Section, target_section
from mcpstore.config.fields import kind_of
from mcpstore.config.reader import EntryLocation, ParsedConfig
from mcpstore.config.writer import rewrite_entry
from mcpstore.errors import ConfigError, ServiceNotFound
from mcpstore.hooks.persistence import ANYTHING, MISSING, Edit, Path
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.service import ServiceSpec

__all__ = ["add_edits", "remove_edits", "replace_edits", "switch_edits"]


def add_edits(parsed: ParsedConfig, spec: ServiceSpec, source: Dialect = MCP_SERVERS) -> list[Edit]:
    """Return the edits that add a service.

    Args:
        parsed: The parsed configuration.
        spec: The service to add.
        source: The dialect of `spec.entry`.

    Raises:
        ConfigError: An entry with this name exists, or the configuration cannot hold one.
    """
    if spec.name in parsed.locations:
        raise ConfigError(f"{parsed.where}: service {spec.name!r} exists already; replace it or choose another name")
    _check_editable(parsed, None)
    home = target_section(parsed.content, where=parsed.where)
    if home.dialect is SINGLE_SERVER:
        raise ConfigError(
            f"{parsed.where}: the file is the entry of a single service, so {spec.name!r} cannot be added; "
            "move the entry to an object under 'mcpServers'"
        )
    entry = rewrite_entry(spec, home.dialect, source=source)
    return [_add_edit(parsed, home, spec.name, entry), *_list_edits(parsed, spec.name, home.dialect, spec.enabled)]


def replace_edits(parsed: ParsedConfig, spec: ServiceSpec, source: Dialect = MCP_SERVERS) -> list[Edit]:
    """Return the edits that give an entry a new meaning; comments and unknown keys are kept.

    Args:
        parsed: The parsed configuration.
        spec: The new meaning of the entry.
        source: The dialect of `spec.entry`.

    Raises:
        ServiceNotFound: No entry has this name.
        ConfigError: The configuration is read-only.
    """
    place = _location_of(parsed, spec.name)
    before = as_object(place.entry)
    old = parsed.specs.get(spec.name)
    entry = rewrite_entry(spec, place.dialect, source=source, before=before, old=old)
    if before is None:
        changes = [Edit(path=place.path, value=entry, expect=place.entry, entry=spec.name)]
    else:
        changes = _differences(place.path, before, entry, spec.name)
    return changes + _list_edits(parsed, spec.name, place.dialect, spec.enabled)


def remove_edits(parsed: ParsedConfig, name: str) -> list[Edit]:
    """Return the edits that remove a service: all entries with its name.

    Raises:
        ServiceNotFound: No entry has this name.
        ConfigError: The configuration is read-only, or the file holds only this entry.
    """
    first = _location_of(parsed, name)
    if not first.path:
        raise ConfigError(
            f"{parsed.where}: the file is the entry of {name!r} and nothing else; delete the file instead"
        )
    # From the end, so that no removal shifts the index of a later one.
    places = [*reversed(parsed.shadowed.get(name, ())), first]
    places.sort(key=lambda place: [part if isinstance(part, int) else -1 for part in place.path], reverse=True)
    return [Edit(path=place.path, value=MISSING, expect=place.entry, entry=name) for place in places]


def switch_edits(parsed: ParsedConfig, name: str, *, enabled: bool) -> list[Edit]:
    """Return the edits that enable or disable a service in its dialect; none if nothing changes.

    Raises:
        ServiceNotFound: No entry has this name.
        ConfigError: The configuration is read-only, or the entry is not an object.
    """
    place = _location_of(parsed, name)
    entry = as_object(place.entry)
    if entry is None:
        raise ConfigError(f"{parsed.where}: the entry of {name!r} must be an object (got {kind_of(place.entry)})")
    listed = _list_edits(parsed, name, place.dialect, enabled)
    if place.dialect.has_allow_lists and not enabled:
        return listed
    wanted = {"disabled": not enabled, "enabled": enabled}
    stated = [key for key in SWITCHES if key in entry] or ([] if enabled else [place.dialect.switch])
    switched = [
        Edit(path=(*place.path, key), value=wanted[key], expect=ANYTHING, entry=name)
        for key in stated
        if entry.get(key) is not wanted[key]
    ]
    return switched + listed


def _add_edit(parsed: ParsedConfig, home: Section, name: str, entry: dict[str, Any]) -> Edit:
    if not isinstance(home.body, Mapping):
        named = {"name": name} | entry | {"name": name}  # the name comes first
        return Edit(path=(*home.path, len(home.body)), value=named, expect=MISSING, entry=name)
    top = str(home.path[0]) if home.path else ""
    current = parsed.content.data.get(top, MISSING) if top else home.body
    if current is None:  # `"mcpServers": null` is an empty section that holds no object yet
        return Edit(path=home.path, value={name: entry}, expect=None, entry=name)
    if current is not MISSING and as_object(current) is None:
        problem = f"{top!r} must be an object of servers (got {kind_of(current)})"
        raise ConfigError(f"{parsed.where}: {problem}, so {name!r} cannot be added; correct it first")
    return Edit(path=(*home.path, name), value=entry, expect=MISSING, entry=name)


def _location_of(parsed: ParsedConfig, name: str) -> EntryLocation:
    place = parsed.locations.get(name)
    if place is None:
        raise ServiceNotFound(name, list(parsed.locations))
    _check_editable(parsed, place.dialect)
    return place


def _check_editable(parsed: ParsedConfig, dialect: Dialect | None) -> None:
    if parsed.content.format == "yaml" or (dialect is not None and not dialect.editable):
        raise ConfigError(
            f"{parsed.where}: files in this format are read-only; import the services into an mcp.json: mcpstore import"
        )


def _list_edits(parsed: ParsedConfig, name: str, dialect: Dialect, enabled: bool) -> list[Edit]:
    """Return the edits of the lists `allowed` and `excluded`, with which Gemini enables and disables services."""
    if not dialect.has_allow_lists:
        return []
    lists = as_object(parsed.content.data.get("mcp")) or {}
    excluded, allowed = as_array(lists.get("excluded")), as_array(lists.get("allowed"))
    edits: list[Edit] = []
    if enabled and excluded is not None and name in excluded:
        edits.append(_list_edit("excluded", excluded, [item for item in excluded if item != name], name))
    if enabled and allowed is not None and name not in allowed:
        edits.append(_list_edit("allowed", allowed, [*allowed, name], name))
    if not enabled and name not in (excluded or ()):
        edits.append(_list_edit("excluded", lists.get("excluded", MISSING), [*(excluded or ()), name], name))
    return edits


def _list_edit(key: str, old: Any, new: list[Any], name: str) -> Edit:
    return Edit(path=("mcp", key), value=new, expect=old, entry=name)


def _differences(path: Path, old: Any, new: Any, name: str) -> list[Edit]:
    before, after = as_object(old), as_object(new)
    if before is not None and after is not None:
        removed = [
            Edit(path=(*path, key), value=MISSING, expect=value, entry=name)
            for key, value in before.items()
            if key not in after
        ]
        changed = [
            edit
            for key, value in after.items()
            for edit in _differences((*path, key), before.get(key, MISSING), value, name)
        ]
        return removed + changed
    listed, items = as_array(old), as_array(new)
    if listed is not None and items is not None and len(listed) == len(items):
        return [
            edit
            for i, (left, right) in enumerate(zip(listed, items, strict=True))
            for edit in _differences((*path, i), left, right, name)
        ]
    return [] if _is_same(old, new) else [Edit(path=path, value=new, expect=old, entry=name)]


def _is_same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and old == new  # in Python, 1 == True
