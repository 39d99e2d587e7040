"""From a wish to the smallest edits that fulfil it in a configuration, in the dialect it is written in.

Every edit states what it expects to find, so that nothing another program wrote meanwhile is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpstore.config.dialects.catalog import MCP_SERVERS, SINGLE_SERVER
from mcpstore.config.dialects.dialect import SWITCHES, Dialect
from mcpstore.config.dialects.sections import Section, home_of
from mcpstore.config.fields import kind_of
from mcpstore.config.reader import ParsedConfig, Place
from mcpstore.config.writer import respelled
from mcpstore.errors import ConfigError, ServiceNotFound
from mcpstore.hooks.persistence import ANYTHING, MISSING, Edit, Path
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.service import ServiceSpec

__all__ = ["add_edits", "remove_edits", "replace_edits", "switch_edits"]


def add_edits(reading: ParsedConfig, spec: ServiceSpec, source: Dialect = MCP_SERVERS) -> list[Edit]:
    """Return the edits that add a service.

    Args:
        reading: The configuration as it was read.
        spec: The service.
        source: The dialect its entry is written in.

    Raises:
        ConfigError: There is an entry of this name, or the configuration cannot take one.
    """
    if spec.name in reading.places:
        raise ConfigError(f"{reading.where}: there is a service {spec.name!r} already; replace it instead")
    _check_editable(reading, None)
    home = home_of(reading.content, where=reading.where)
    if home.dialect is SINGLE_SERVER:
        raise ConfigError(
            f"{reading.where}: the file is the entry of one service and cannot hold {spec.name!r}, too; "
            "put the entries under 'mcpServers'"
        )
    entry = respelled(spec, home.dialect, source=source)
    return [_addition(reading, home, spec.name, entry), *_list_edits(reading, spec.name, home.dialect, spec.enabled)]


def replace_edits(reading: ParsedConfig, spec: ServiceSpec, source: Dialect = MCP_SERVERS) -> list[Edit]:
    """Return the edits that make an entry mean something else; comments and keys that mean nothing to us stay.

    Args:
        reading: The configuration as it was read.
        spec: What the entry is to mean.
        source: The dialect the spec's own entry is written in.

    Raises:
        ServiceNotFound: There is no such entry.
        ConfigError: The configuration is only read.
    """
    place = _place(reading, spec.name)
    before = as_object(place.entry)
    old = reading.specs.get(spec.name)
    entry = respelled(spec, place.dialect, source=source, before=before, old=old)
    if before is None:
        changes = [Edit(path=place.path, value=entry, expect=place.entry, entry=spec.name)]
    else:
        changes = _differences(place.path, before, entry, spec.name)
    return changes + _list_edits(reading, spec.name, place.dialect, spec.enabled)


def remove_edits(reading: ParsedConfig, name: str) -> list[Edit]:
    """Return the edits that remove a service, wherever entries of its name stand.

    Raises:
        ServiceNotFound: There is no such entry.
        ConfigError: The configuration is only read, or is nothing but this entry.
    """
    first = _place(reading, name)
    if not first.path:
        raise ConfigError(f"{reading.where}: the file is the entry of {name!r}; delete the file instead")
    # From the end, so that no removal moves what the next one is about.
    places = [*reversed(reading.shadowed.get(name, ())), first]
    places.sort(key=lambda place: [part if isinstance(part, int) else -1 for part in place.path], reverse=True)
    return [Edit(path=place.path, value=MISSING, expect=place.entry, entry=name) for place in places]


def switch_edits(reading: ParsedConfig, name: str, *, enabled: bool) -> list[Edit]:
    """Return the edits that switch a service on or off as its dialect spells it; none if it is so already.

    Raises:
        ServiceNotFound: There is no such entry.
        ConfigError: The configuration is only read, or the entry is none.
    """
    place = _place(reading, name)
    entry = as_object(place.entry)
    if entry is None:
        raise ConfigError(f"{reading.where}: the entry of {name!r} must be an object (got {kind_of(place.entry)})")
    listed = _list_edits(reading, name, place.dialect, enabled)
    if place.dialect.has_lists and not enabled:
        return listed
    wanted = {"disabled": not enabled, "enabled": enabled}
    stated = [key for key in SWITCHES if key in entry] or ([] if enabled else [place.dialect.switch])
    switched = [
        Edit(path=(*place.path, key), value=wanted[key], expect=ANYTHING, entry=name)
        for key in stated
        if entry.get(key) is not wanted[key]
    ]
    return switched + listed


def _addition(reading: ParsedConfig, home: Section, name: str, entry: dict[str, Any]) -> Edit:
    if not isinstance(home.body, Mapping):
        named = {"name": name} | entry | {"name": name}  # in front, where people look for it
        return Edit(path=(*home.path, len(home.body)), value=named, expect=MISSING, entry=name)
    top = str(home.path[0]) if home.path else ""
    there = reading.content.data.get(top, MISSING) if top else home.body
    if there is None:  # `"mcpServers": null` is a section without a place for entries
        return Edit(path=home.path, value={name: entry}, expect=None, entry=name)
    if there is not MISSING and as_object(there) is None:
        what = f"{top!r} must be an object of servers (got {kind_of(there)})"
        raise ConfigError(f"{reading.where}: {what}, so {name!r} cannot be added; mend it first")
    return Edit(path=(*home.path, name), value=entry, expect=MISSING, entry=name)


def _place(reading: ParsedConfig, name: str) -> Place:
    place = reading.places.get(name)
    if place is None:
        raise ServiceNotFound(name, list(reading.places))
    _check_editable(reading, place.dialect)
    return place


def _check_editable(reading: ParsedConfig, dialect: Dialect | None) -> None:
    if reading.content.format == "yaml" or (dialect is not None and not dialect.editable):
        raise ConfigError(f"{reading.where}: such files are only read; import their services into an mcp.json")


def _list_edits(reading: ParsedConfig, name: str, dialect: Dialect, enabled: bool) -> list[Edit]:
    """Return the edits of the lists by which Gemini switches services on and off."""
    if not dialect.has_lists:
        return []
    lists = as_object(reading.content.data.get("mcp")) or {}
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
        gone = [
            Edit(path=(*path, key), value=MISSING, expect=value, entry=name)
            for key, value in before.items()
            if key not in after
        ]
        changed = [
            edit
            for key, value in after.items()
            for edit in _differences((*path, key), before.get(key, MISSING), value, name)
        ]
        return gone + changed
    listed, items = as_array(old), as_array(new)
    if listed is not None and items is not None and len(listed) == len(items):
        return [
            edit
            for i, (left, right) in enumerate(zip(listed, items, strict=True))
            for edit in _differences((*path, i), left, right, name)
        ]
    return [] if _is_same(old, new) else [Edit(path=path, value=new, expect=old, entry=name)]


def _is_same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and old == new  # to Python, 1 and true are equal
