"""From an entry, in whatever dialect, to what it means."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.catalog import MCP_SERVERS
from mcpstore.config.dialects.dialect import TIMEOUT_KEYS, Dialect
from mcpstore.config.dialects.transport_names import HTTP, SSE, STDIO
from mcpstore.config.extension import KEY, OwnSettings, read_own
from mcpstore.config.fields import Fields, kind_of
from mcpstore.config.settings import settings_of
from mcpstore.config.transports import wanted_transport
from mcpstore.errors import InvalidService
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.models.service import ServiceSpec
from mcpstore.models.timing import Timeouts

__all__ = ["Outcome", "name_trouble", "read_entry", "spec_of"]

LONGEST_NAME: Final = 200
DEEPEST: Final = 64


@attrs.frozen(kw_only=True)
class Outcome:
    """What came of reading an entry.

    Attributes:
        spec: What it means; None if it cannot be used.
        complaints: Why it cannot be used: `"field: what is wrong"`.
        doubts: What will most likely keep it from working.
        notes: What is odd about it without keeping it from being used.
    """

    spec: ServiceSpec | None = None
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def name_trouble(name: Any) -> str:
    """Return what is wrong with the name of a service, empty if nothing is.

    Names are kept as they are: slashes, spaces, dots and emoji are in use.
    """
    text = as_text(name)
    if text is None:
        return f"name: must be a string (got {kind_of(name)})"
    if not text.strip():
        return "name: must not be empty"
    if len(text) > LONGEST_NAME:
        return f"name: must not be longer than {LONGEST_NAME} characters (got {len(text)})"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        return "name: must not hold control characters"
    return ""


def spec_of(name: str, entry: Any, dialect: Dialect = MCP_SERVERS) -> ServiceSpec:
    """Return what an entry means.

    Raises:
        InvalidService: It cannot be used; lists every bad field.
    """
    outcome = read_entry(name, entry, dialect)
    if outcome.spec is None:
        raise InvalidService({name: outcome.errors})
    return outcome.spec


def read_entry(name: Any, entry: Any, dialect: Dialect = MCP_SERVERS, *, listed: bool = True) -> Outcome:
    """Read an entry; never raises, whatever it is.

    Args:
        name: Name of the service.
        entry: The entry.
        dialect: The dialect it is written in.
        listed: Whether lists elsewhere in the file allow it to run.
    """
    found = as_object(entry)
    trouble = [trouble] if (trouble := name_trouble(name)) else []
    if found is None:
        return Outcome(errors=(*trouble, f"entry: must be an object (got {kind_of(entry)})"))
    if _is_deeper(found, DEEPEST):
        return Outcome(errors=(*trouble, f"entry: nested more than {DEEPEST} levels deep"))
    if "command" in found and (program := as_object(found["command"])) is not None:
        found = _with_program(found, program)
    fields = Fields(found)
    fields.complaints.extend(trouble)
    wanted = wanted_transport(fields, dialect)
    if wanted.options is not None and wanted.name in (STDIO, HTTP, SSE):
        # `"transport": {"type": "http", "url": …}`, as registries write it
        fields.entry = {**{k: v for k, v in found.items() if k != "transport"}, **wanted.options}
    own, complaints = read_own(found.get(KEY), str(name))
    settings, doubts = settings_of(fields, wanted, dialect, own)
    timeouts = _timeouts(fields, dialect, own)
    is_enabled = fields.is_enabled() and listed
    fields.complaints.extend(complaints)
    if fields.complaints or wanted.name is None:
        return Outcome(errors=tuple(fields.complaints))
    spec = ServiceSpec(
        name=name,
        transport=wanted.name,
        settings=settings,
        enabled=is_enabled,
        depends_on=tuple(dict.fromkeys(own.depends_on)),
        restart=own.restart,
        tool_pinning=own.tool_pinning,
        timeouts=timeouts,
        description=as_text(found.get("description")) or "",
        agents=tuple(dict.fromkeys(own.agents)),
        entry=entry,
        dialect=dialect.name,
        **{key: choice for key in ("health", "recovery") if (choice := getattr(own, key)) is not None},
    )
    return Outcome(spec=spec, warnings=tuple(doubts), notes=(wanted.note,) if wanted.note else ())


def _timeouts(fields: Fields, dialect: Dialect, own: OwnSettings) -> Timeouts:
    stated: dict[str, float | None] = {}
    for key, (deadline, unit) in {**TIMEOUT_KEYS, "timeout": dialect.timeout}.items():
        # A vendor's transport may have a "timeout" of its own kind; ours are numbers.
        if key in fields.entry and as_object(fields.entry[key]) is None:
            stated[deadline] = fields.seconds(key, unit)
    if own.timeouts.model_fields_set:
        stated.update(own.timeouts.model_dump(exclude_none=True))
    return Timeouts(**stated)


def _with_program(entry: Mapping[str, Any], program: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten Zed's older form, in which `command` is an object with path, args and env."""
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
