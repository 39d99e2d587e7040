"""Parser of one service entry, in any dialect."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.catalog import MCP_SERVERS
from mcpstore.config.dialects.dialect import TIMEOUT_KEYS, Dialect
from mcpstore.config.dialects.transport_names import HTTP, SSE, STDIO
from mcpstore.config.extension import KEY, ServiceExtension, read_extension
from mcpstore.config.fields import Fields, kind_of
from mcpstore.config.settings import settings_of
from mcpstore.config.transports import choose_transport
from mcpstore.errors import InvalidService
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.models.service import ServiceSpec
from mcpstore.models.timing import Timeouts

__all__ = ["EntryResult", "name_problem", "read_entry", "spec_of"]

MAX_NAME_LENGTH: Final = 200
MAX_DEPTH: Final = 64


@attrs.frozen(kw_only=True)
class EntryResult:
    """Result of parsing an entry.

    Attributes:
        spec: The service; None if the entry is invalid.
        errors: Problems that make the entry invalid, as `"field: problem"`.
        warnings: Problems that will probably prevent the service from working.
        notes: Remarks on an entry that works.
    """

    spec: ServiceSpec | None = None
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def name_problem(name: Any) -> str:
    """Return the problem with a service's name, or an empty string.

    Slashes, spaces, dots and emoji are valid: clients use them.
    """
    text = as_text(name)
    if text is None:
        return f"name: must be a string (got {kind_of(name)})"
    if not text.strip():
        return "name: must not be empty"
    if len(text) > MAX_NAME_LENGTH:
        return f"name: must not be longer than {MAX_NAME_LENGTH} characters (got {len(text)})"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        return "name: must not contain control characters"
    return ""


def spec_of(name: str, entry: Any, dialect: Dialect = MCP_SERVERS) -> ServiceSpec:
    """Return the service that an entry describes.

    Raises:
        InvalidService: The entry is invalid; the error lists every invalid field.
    """
    result = read_entry(name, entry, dialect)
    if result.spec is None:
        raise InvalidService({name: result.errors})
    return result.spec


def read_entry(name: Any, entry: Any, dialect: Dialect = MCP_SERVERS, *, listed: bool = True) -> EntryResult:
    """Parse an entry; never raises, whatever the entry holds.

    Args:
        name: Name of the service.
        entry: The entry.
        dialect: The dialect of the entry.
        listed: Whether the lists `allowed` and `excluded` of the file allow the service to run.
    """
    content = as_object(entry)
    name_errors = [problem] if (problem := name_problem(name)) else []
    if content is None:
        return EntryResult(errors=(*name_errors, f"entry: must be an object (got {kind_of(entry)})"))
    if _is_deeper(content, MAX_DEPTH):
        return EntryResult(errors=(*name_errors, f"entry: must not be nested more than {MAX_DEPTH} levels deep"))
    if "command" in content and (program := as_object(content["command"])) is not None:
        content = _flatten_command(content, program)
    fields = Fields(content)
    fields.errors.extend(name_errors)
    transport = choose_transport(fields, dialect)
    if transport.options is not None and transport.name in (STDIO, HTTP, SSE):
        # `"transport": {"type": "http", "url": …}`, as registries write it
        fields.entry = {**{k: v for k, v in content.items() if k != "transport"}, **transport.options}
    own, own_errors = read_extension(content.get(KEY), str(name))
    settings, warnings = settings_of(fields, transport, dialect, own)
    timeouts = _timeouts(fields, dialect, own)
    is_enabled = fields.is_enabled() and listed
    fields.errors.extend(own_errors)
    if fields.errors or transport.name is None:
        return EntryResult(errors=tuple(fields.errors))
    spec = ServiceSpec(
        name=name,
        transport=transport.name,
        settings=settings,
        enabled=is_enabled,
        depends_on=tuple(dict.fromkeys(own.depends_on)),
        restart=own.restart,
        tool_pinning=own.tool_pinning,
        timeouts=timeouts,
        description=as_text(content.get("description")) or "",
        agents=tuple(dict.fromkeys(own.agents)),
        entry=entry,
        dialect=dialect.name,
        **{key: choice for key in ("health", "recovery") if (choice := getattr(own, key)) is not None},
    )
    return EntryResult(spec=spec, warnings=tuple(warnings), notes=(transport.note,) if transport.note else ())


def _timeouts(fields: Fields, dialect: Dialect, own: ServiceExtension) -> Timeouts:
    stated: dict[str, float | None] = {}
    for key, (deadline, unit) in {**TIMEOUT_KEYS, "timeout": dialect.timeout}.items():
        # A plugin's transport may have a setting "timeout" that is an object; a deadline is a number.
        if key in fields.entry and as_object(fields.entry[key]) is None:
            stated[deadline] = fields.seconds(key, unit)
    if own.timeouts.model_fields_set:
        stated.update(own.timeouts.model_dump(exclude_none=True))
    return Timeouts(**stated)


def _flatten_command(entry: Mapping[str, Any], program: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry in Zed's older form, where `command` is an object with path, args and env, as a flat one."""
    inner = {key: program[key] for key in ("args", "env") if key in program}
    return {**entry, **inner, "command": program.get("path", program.get("command"))}


def _is_deeper(tree: Any, limit: int) -> bool:
    level = [tree]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, Mapping) else (as_array(node) or ()))
            if isinstance(child, Mapping | list | tuple)
        ]
        if not level:
            return False
    return True
