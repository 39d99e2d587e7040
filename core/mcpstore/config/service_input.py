"""What a program hands over to be added: one entry, many, a whole configuration, or what it got from us before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.catalog import MCP_SERVERS, OPENCODE
from mcpstore.config.dialects.detection import looks_like_opencode
from mcpstore.config.dialects.dialect import ALIASES, Dialect
from mcpstore.config.dialects.sections import find_sections, wrong_sections
from mcpstore.config.entry import read_entry
from mcpstore.config.extension import KEY, OWN_FIELDS
from mcpstore.config.fields import kind_of, path_text
from mcpstore.config.writer import spelled
from mcpstore.errors import ConfigError, InvalidService
from mcpstore.hooks.persistence import Content
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.service import ServiceInfo, ServiceSpec

__all__ = ["InputReport", "ServiceInput", "config_of", "entries", "examine", "with_fields"]

_NAMELESS: Final = "(no name)"
_DEEPEST: Final = 80


@attrs.frozen(kw_only=True)
class ServiceInput:
    """One usable entry among what was handed over.

    Attributes:
        spec: What it means; its `entry` is the entry.
        dialect: The dialect the entry is written in.
    """

    spec: ServiceSpec
    dialect: Dialect

    @property
    def name(self) -> str:
        """Name of the service."""
        return self.spec.name

    @property
    def entry(self) -> Mapping[str, Any]:
        """The entry as it was given, without its name."""
        return self.spec.entry


@attrs.frozen(kw_only=True)
class InputReport:
    """What was handed over, sorted.

    Attributes:
        usable: The usable entries, in order.
        refused: What is wrong with the others: every bad field, by name.
    """

    usable: tuple[ServiceInput, ...]
    refused: Mapping[str, tuple[str, ...]]


def entries(config: Any) -> list[ServiceInput]:
    """Return the entries in what was handed over to be added.

    Args:
        config: `{"name": …, "command" or "url": …}`, a configuration in any dialect, a list of those, or what
            `get_service_info` returned.

    Raises:
        InvalidService: Entries that cannot be used; lists every bad field of every one of them.
        ConfigError: It is nothing of this kind, or empty.
    """
    examined = examine(config)
    if examined.refused:
        raise InvalidService(examined.refused)
    return list(examined.usable)


def examine(config: Any) -> InputReport:
    """Sort what was handed over into what can be used and what cannot, so that the good can be kept.

    Raises:
        ConfigError: It is nothing of this kind, or empty.
    """
    sorter = _Sorter()
    sorter.take(config)
    if not sorter.usable and not sorter.refused:
        raise ConfigError("there is no service in it; give {'name': …, 'command': …} or {'mcpServers': {…}}")
    return InputReport(usable=tuple(sorter.usable.values()), refused=sorter.refused)


def with_fields(config: Any, name: str | None, fields: Mapping[str, Any]) -> Any:
    """Return a configuration with keywords added to it: `add_service(name="a", command="b", restart="never")`.

    Args:
        config: What was handed over besides, or None.
        name: Name of the service, or None.
        fields: Fields of its entry; those that are settings of ours go where those belong.

    Raises:
        ConfigError: There are keywords, but not one entry they could belong to.
    """
    if name is None and not fields:
        return config
    base = as_object({} if config is None else _unwrapped(config))
    if base is None or (base and not _is_single(base)):
        raise ConfigError("name and fields belong to one entry; give either them or a whole configuration")
    entry = {**base, **{key: value for key, value in fields.items() if key not in OWN_FIELDS}}
    if name is not None:
        entry["name"] = name
    if own := {key: value for key, value in fields.items() if key in OWN_FIELDS}:
        entry[KEY] = {**(as_object(entry.get(KEY)) or {}), **own}
    return entry


def config_of(spec: ServiceSpec) -> dict[str, Any]:
    """Return the configuration of a service as `get_service_info` shows it and `entries` takes it back."""
    # The entry as it stands, unless it means what it means only in its own file: its lists, its client's words.
    shown = {"name": spec.name} | dict(spec.entry) | {"name": spec.name}
    try:
        (again,) = entries(shown)
    except ConfigError:
        again = None
    if again is None or again.spec != spec:
        shown = {"name": spec.name} | spelled(spec, MCP_SERVERS) | {"name": spec.name}
    return shown


class _Sorter:
    def __init__(self) -> None:
        self.usable: dict[str, ServiceInput] = {}
        self.refused: dict[str, tuple[str, ...]] = {}

    def take(self, config: Any) -> None:
        config = _unwrapped(config)
        if (found := as_object(config)) is not None:
            self._take_object(_json_like(found))
            return
        listed = as_array(config)
        if listed is None:
            raise ConfigError(
                f"a service must be given as an object (got {kind_of(config)}); "
                "give {'name': …, 'command': …} or {'mcpServers': {…}}"
            )
        for item in listed:
            if as_object(_unwrapped(item)) is None:
                raise ConfigError(f"a list of services must hold objects (got {kind_of(item)})")
            self.take(item)

    def _take_object(self, config: Mapping[str, Any]) -> None:
        if _is_single(config):
            self._examine(config.get("name"), {key: value for key, value in config.items() if key != "name"}, None)
            return
        for key in wrong_sections(config):
            raise ConfigError(f"{key!r} must be an object of servers (got {kind_of(config[key])})")
        sections = find_sections(Content(data=config))
        if not sections and config:
            hint = ", ".join(sorted(map(repr, config))[:5])
            raise ConfigError(
                f"there is no service in it: it has {hint}, but neither 'command' nor 'url' nor a section of servers"
            )
        for section in sections:
            for _path, name, entry in section.entries():
                # In a list, "name" is not part of the entry: in a file it will be the key.
                found = as_object(entry)
                if found is None or isinstance(section.body, Mapping):
                    self._examine(name, entry, section.dialect)
                else:
                    unnamed = {key: value for key, value in found.items() if key != "name" or value != name}
                    self._examine(name, unnamed, section.dialect)

    def _examine(self, name: Any, entry: Any, dialect: Dialect | None) -> None:
        if dialect is None:
            dialect = OPENCODE if looks_like_opencode({}, [entry]) else MCP_SERVERS
        shown = name if isinstance(name, str) and name else _NAMELESS
        if name is None:
            outcome_name: Any = _NAMELESS
            complaints: tuple[str, ...] = ("name: missing; every service needs one",)
        else:
            outcome_name, complaints = name, ()
        outcome = read_entry(outcome_name, entry, dialect)
        complaints = (*complaints, *outcome.errors, *outcome.warnings)
        given = None if outcome.spec is None else ServiceInput(spec=outcome.spec, dialect=dialect)
        # The same entry twice is no contradiction; which of two different ones is meant, nobody can know.
        if shown in self.usable and (given is None or self.usable[shown].spec != given.spec):
            complaints = (*complaints, "name: given twice, with different entries")
        if complaints or given is None:
            self.refused[shown] = (*self.refused.get(shown, ()), *complaints)
            self.usable.pop(shown, None)
        elif shown not in self.refused:
            self.usable[shown] = given


def _is_single(config: Mapping[str, Any]) -> bool:
    """Whether this is one entry with its name, rather than a configuration with sections."""
    if any(as_object(config.get(key)) is not None for key in ("mcpServers", "servers", "mcp_servers", "mcp")):
        return False
    if any(isinstance(config.get(key), str | list | tuple) for key in ("mcpServers", "servers", "mcp_servers")):
        return False
    if any(config.get(key) is not None and as_object(config[key]) is None for key in _ENTRY_KEYS):
        return True
    return as_object(config.get("transport")) is not None or isinstance(config.get("name"), str)


_ENTRY_KEYS: Final = ("server", "type", "transport", *ALIASES["command"], *ALIASES["args"], *ALIASES["url"])


def _unwrapped(config: Any) -> Any:
    """Return the configuration in what `get_service_info` returned."""
    return {**config.config, "name": config.name} if isinstance(config, ServiceInfo) else config


def _json_like(value: Any, depth: int = 0) -> Any:
    """Return a private copy in which paths are texts and tuples are lists; anything else stays what it is."""
    if depth > _DEEPEST:
        raise ConfigError(f"the configuration is nested more than {_DEEPEST} levels deep")
    if (found := as_object(value)) is not None:
        return {str(key): _json_like(item, depth + 1) for key, item in found.items()}
    if (listed := as_array(value)) is not None:
        return [_json_like(item, depth + 1) for item in listed]
    return value if (path := path_text(value)) is None else path
