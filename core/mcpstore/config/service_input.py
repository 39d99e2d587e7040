"""Services that a program adds: one entry, a list, a whole configuration, or an answer of `get_service_info`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.catalog import MCP_SERVERS, OPENCODE
from mcpstore.config.dialects.detection import looks_like_opencode
from mcpstore.config.dialects.dialect import ALIASES, Dialect
from mcpstore.config.dialects.sections import find_sections, invalid_sections
from mcpstore.config.entry import read_entry
from mcpstore.config.extension import EXTENSION_FIELDS, KEY
from mcpstore.config.fields import kind_of, path_text
from mcpstore.config.writer import write_entry
from mcpstore.errors import ConfigError, InvalidService
from mcpstore.hooks.persistence import Content
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.service import ServiceInfo, ServiceSpec

__all__ = ["InputReport", "ServiceInput", "config_of", "entries", "examine", "with_fields"]

_NO_NAME: Final = "(no name)"
_MAX_DEPTH: Final = 80


@attrs.frozen(kw_only=True)
class ServiceInput:
    """A valid entry of the input.

    Attributes:
        spec: The service; its `entry` is the entry.
        dialect: The dialect of the entry.
    """

    spec: ServiceSpec
    dialect: Dialect

    @property
    def name(self) -> str:
        """Name of the service."""
        return self.spec.name

    @property
    def entry(self) -> Mapping[str, Any]:
        """The entry as given, without its name."""
        return self.spec.entry


@attrs.frozen(kw_only=True)
class InputReport:
    """The parsed input.

    Attributes:
        usable: The valid entries, in order.
        refused: Errors of the invalid entries, by name.
    """

    usable: tuple[ServiceInput, ...]
    refused: Mapping[str, tuple[str, ...]]


def entries(config: Any) -> list[ServiceInput]:
    """Return the entries of an input.

    Args:
        config: `{"name": …, "command" or "url": …}`, a configuration in any dialect, a list of those, or an answer of
            `get_service_info`.

    Raises:
        InvalidService: Entries are invalid; the error lists every invalid field of each.
        ConfigError: The input has another type, or is empty.
    """
    examined = examine(config)
    if examined.refused:
        raise InvalidService(examined.refused)
    return list(examined.usable)


def examine(config: Any) -> InputReport:
    """Parse an input; the valid entries are returned even if others are invalid.

    Raises:
        ConfigError: The input has another type, or is empty.
    """
    reader = _InputReader()
    reader.read(config)
    if not reader.usable and not reader.refused:
        raise ConfigError("input holds no service; give {'name': …, 'command': …} or {'mcpServers': {…}}")
    return InputReport(usable=tuple(reader.usable.values()), refused=reader.refused)


def with_fields(config: Any, name: str | None, fields: Mapping[str, Any]) -> Any:
    """Return an entry with keyword arguments added, as in `add_service(name="a", command="b", restart="never")`.

    Args:
        config: The entry without them, or None.
        name: Name of the service, or None.
        fields: Fields of the entry; MCPStore's own settings go under `"mcpstore"`.

    Raises:
        ConfigError: There are keyword arguments, but `config` is not a single entry.
    """
    if name is None and not fields:
        return config
    base = as_object({} if config is None else _unwrapped(config))
    if base is None or (base and not _is_single(base)):
        raise ConfigError("name and fields describe one service; give either them or a whole configuration")
    entry = {**base, **{key: value for key, value in fields.items() if key not in EXTENSION_FIELDS}}
    if name is not None:
        entry["name"] = name
    if own := {key: value for key, value in fields.items() if key in EXTENSION_FIELDS}:
        entry[KEY] = {**(as_object(entry.get(KEY)) or {}), **own}
    return entry


def config_of(spec: ServiceSpec) -> dict[str, Any]:
    """Return the configuration of a service as `get_service_info` returns it and `entries` accepts it."""
    # The entry itself, unless its meaning depends on its file: on lists in it, or on its client's dialect.
    shown = {"name": spec.name} | dict(spec.entry) | {"name": spec.name}
    try:
        (again,) = entries(shown)
    except ConfigError:
        again = None
    if again is None or again.spec != spec:
        shown = {"name": spec.name} | write_entry(spec, MCP_SERVERS) | {"name": spec.name}
    return shown


class _InputReader:
    def __init__(self) -> None:
        self.usable: dict[str, ServiceInput] = {}
        self.refused: dict[str, tuple[str, ...]] = {}

    def read(self, config: Any) -> None:
        config = _unwrapped(config)
        if (content := as_object(config)) is not None:
            self._read_object(_json_like(content))
            return
        listed = as_array(config)
        if listed is None:
            raise ConfigError(
                f"service must be an object (got {kind_of(config)}); "
                "give {'name': …, 'command': …} or {'mcpServers': {…}}"
            )
        for item in listed:
            if as_object(_unwrapped(item)) is None:
                raise ConfigError(f"list of services must hold objects (got {kind_of(item)})")
            self.read(item)

    def _read_object(self, config: Mapping[str, Any]) -> None:
        if _is_single(config):
            self._read_entry(config.get("name"), {key: value for key, value in config.items() if key != "name"}, None)
            return
        for key in invalid_sections(config):
            raise ConfigError(f"{key!r} must be an object of servers (got {kind_of(config[key])})")
        sections = find_sections(Content(data=config))
        if not sections and config:
            hint = ", ".join(sorted(map(repr, config))[:5])
            raise ConfigError(
                f"input holds no service: it has {hint}, but no 'command', no 'url' and no section of servers"
            )
        for section in sections:
            for _path, name, entry in section.entries():
                # In a list, "name" is not part of the entry: it becomes the key in a file.
                content = as_object(entry)
                if content is None or isinstance(section.body, Mapping):
                    self._read_entry(name, entry, section.dialect)
                else:
                    unnamed = {key: value for key, value in content.items() if key != "name" or value != name}
                    self._read_entry(name, unnamed, section.dialect)

    def _read_entry(self, name: Any, entry: Any, dialect: Dialect | None) -> None:
        if dialect is None:
            dialect = OPENCODE if looks_like_opencode({}, [entry]) else MCP_SERVERS
        shown = name if isinstance(name, str) and name else _NO_NAME
        if name is None:
            result_name: Any = _NO_NAME
            errors: tuple[str, ...] = ("name: missing; every service needs one",)
        else:
            result_name, errors = name, ()
        result = read_entry(result_name, entry, dialect)
        errors = (*errors, *result.errors, *result.warnings)
        service = None if result.spec is None else ServiceInput(spec=result.spec, dialect=dialect)
        # The same entry may occur twice; two different entries with one name are ambiguous.
        if shown in self.usable and (service is None or self.usable[shown].spec != service.spec):
            errors = (*errors, "name: given twice, with different entries")
        if errors or service is None:
            self.refused[shown] = (*self.refused.get(shown, ()), *errors)
            self.usable.pop(shown, None)
        elif shown not in self.refused:
            self.usable[shown] = service


def _is_single(config: Mapping[str, Any]) -> bool:
    """Whether this is one entry with its name, not a configuration with sections."""
    if any(as_object(config.get(key)) is not None for key in ("mcpServers", "servers", "mcp_servers", "mcp")):
        return False
    if any(isinstance(config.get(key), str | list | tuple) for key in ("mcpServers", "servers", "mcp_servers")):
        return False
    if any(config.get(key) is not None and as_object(config[key]) is None for key in _ENTRY_KEYS):
        return True
    return as_object(config.get("transport")) is not None or isinstance(config.get("name"), str)


_ENTRY_KEYS: Final = ("server", "type", "transport", *ALIASES["command"], *ALIASES["args"], *ALIASES["url"])


def _unwrapped(config: Any) -> Any:
    """Return the configuration in an answer of `get_service_info`; other values as they are."""
    return {**config.config, "name": config.name} if isinstance(config, ServiceInfo) else config


def _json_like(value: Any, depth: int = 0) -> Any:
    """Return a copy in which paths are strings and tuples are lists; other values are kept."""
    if depth > _MAX_DEPTH:
        raise ConfigError(f"configuration is nested more than {_MAX_DEPTH} levels deep")
    if (content := as_object(value)) is not None:
        return {str(key): _json_like(item, depth + 1) for key, item in content.items()}
    if (listed := as_array(value)) is not None:
        return [_json_like(item, depth + 1) for item in listed]
    return value if (path := path_text(value)) is None else path
