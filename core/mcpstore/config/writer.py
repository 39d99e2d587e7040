"""Writer of service entries in a dialect.

An entry consists of parts; each part has one meaning and a few keys. The writer compares the parts: where the meaning
is the same, the keys are kept; where it changes, they are written in the file's dialect. Unknown keys are never
changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.catalog import MCP_SERVERS
from mcpstore.config.dialects.dialect import ALIASES, SWITCHES, TIMEOUT_KEYS, Dialect
from mcpstore.config.dialects.transport_names import HTTP, SSE, STDIO
from mcpstore.config.entry import read_entry
from mcpstore.config.extension import KEY, write_extension
from mcpstore.config.settings import CLIENT_KEYS
from mcpstore.config.transports import by_url
from mcpstore.models.json_types import as_object
from mcpstore.models.service import ServiceSpec

__all__ = ["rewrite_entry", "write_entry"]

_REMOTE: Final = (HTTP, SSE)
_TYPES: Final = {STDIO: "stdio", HTTP: "http", SSE: "sse"}
_TYPE_KEYS: Final = ALIASES["type"]


@attrs.frozen
class _Part:
    """A part of an entry: its keys, its meaning, and how it is written."""

    keys: tuple[str, ...]
    means: Callable[[ServiceSpec], Any]
    write: Callable[[ServiceSpec, Dialect], dict[str, Any]]


def write_entry(spec: ServiceSpec, dialect: Dialect) -> dict[str, Any]:
    """Return the entry of a service as a client of a dialect writes it, with the unknown keys of its old entry."""
    written: dict[str, Any] = {}
    for part in _PARTS:
        written.update(part.write(spec, dialect))
    return {**written, **_other_keys(spec.entry)}


def rewrite_entry(
    spec: ServiceSpec,
    dialect: Dialect,
    *,
    source: Dialect = MCP_SERVERS,
    before: Mapping[str, Any] | None = None,
    old: ServiceSpec | None = None,
) -> dict[str, Any]:
    """Return the entry to write for a service: of those with the right meaning, the one with the fewest changes.

    Args:
        spec: The meaning of the new entry.
        dialect: The dialect of the file.
        source: The dialect of `spec.entry`.
        before: The entry that is now in the file, if there is one.
        old: The meaning of that entry, if it is valid.
    """
    fitting = (entry for entry in _candidates(spec, dialect, source, before, old) if _has_meaning(entry, spec, dialect))
    return next(fitting, None) or write_entry(spec, dialect)


def _candidates(
    spec: ServiceSpec, dialect: Dialect, source: Dialect, before: Mapping[str, Any] | None, old: ServiceSpec | None
) -> Iterator[dict[str, Any]]:
    is_understood = source == dialect or not (source.is_native or dialect.is_native)
    stays = _other_keys(before or {})
    given = dict(spec.entry)
    if old is not None:
        if is_understood:
            yield _merged(spec, old, dialect, lambda part: {key: given[key] for key in part.keys if key in given})
        yield _merged(spec, old, dialect, lambda part: part.write(spec, dialect))
    if is_understood and (meant := read_entry(spec.name, given, dialect).spec) is not None:
        yield {**stays, **_merged(spec, meant, dialect, lambda part: part.write(spec, dialect))}
    yield {**stays, **write_entry(spec, dialect)}


def _merged(
    spec: ServiceSpec, old: ServiceSpec, dialect: Dialect, write: Callable[[_Part], dict[str, Any]]
) -> dict[str, Any]:
    """Return the old entry, with the parts rewritten whose meaning changes."""
    merged: dict[str, Any] = dict(old.entry)
    for part in _PARTS:
        if part.means(old) == part.means(spec):
            continue
        written = write(part)
        inline: Mapping[str, Any] = _inline_settings(old) if part.keys is _TYPE_KEYS else {}
        for key in [key for key in merged if key in part.keys or key in inline]:
            alias = next((new for new in written if _are_aliases(key, new, dialect)), None)
            if key in written:
                continue
            if alias is not None:
                written[key] = written.pop(alias)
            else:
                del merged[key]
        merged.update(written)
    inline = _inline_settings(spec)
    return {**merged, **{key: value for key, value in _other_keys(spec.entry).items() if key not in inline}}


def _has_meaning(entry: Mapping[str, Any], spec: ServiceSpec, dialect: Dialect) -> bool:
    read = read_entry(spec.name, entry, dialect).spec
    if read is None:
        return False
    return attrs.evolve(read, enabled=spec.enabled if dialect.has_allow_lists else read.enabled) == spec


def _are_aliases(key: str, other: str, dialect: Dialect) -> bool:
    """Whether two keys are aliases, so that the one in the file can be kept."""
    if key in _TYPE_KEYS or (dialect.url_is_sse and key in ALIASES["url"]):
        return False
    return any(key in keys and other in keys for keys in ALIASES.values())


def _other_keys(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the unknown keys of an entry."""
    return {key: value for key, value in entry.items() if key not in _MEANINGFUL}


def _inline_settings(spec: ServiceSpec) -> Mapping[str, Any]:
    """Return the settings of a plugin's transport that are beside the other keys of the entry."""
    return {} if spec.transport in _TYPES or as_object(spec.entry.get("transport")) is not None else spec.settings


# --- the parts -----------------------------------------------------------------------------------------------


def _transport(spec: ServiceSpec) -> Any:
    return spec.transport, None if spec.transport in _TYPES else dict(spec.settings)


def _write_transport(spec: ServiceSpec, dialect: Dialect) -> dict[str, Any]:
    if spec.transport not in _TYPES:
        if (inline := _inline_settings(spec)) and not CLIENT_KEYS & inline.keys():
            return {"transport": spec.transport, **inline}
        return {"transport": {"type": spec.transport, **spec.settings}}
    word = dialect.types.get(spec.transport)
    written: dict[str, Any] = {"type": word} if word else {}
    if spec.transport in _REMOTE and word in (None, "remote"):
        url = str(spec.settings["url"])
        if by_url(url, key=_url_key(spec, dialect), dialect=dialect) != spec.transport:
            # Stated explicitly beside the client's word, which does not say which remote transport.
            written["transport" if word else "type"] = _TYPES[spec.transport]
    return written


def _url(spec: ServiceSpec) -> Any:
    return (spec.transport, spec.settings["url"]) if spec.transport in _REMOTE else None


def _write_url(spec: ServiceSpec, dialect: Dialect) -> dict[str, Any]:
    return {_url_key(spec, dialect): spec.settings["url"]} if spec.transport in _REMOTE else {}


def _url_key(spec: ServiceSpec, dialect: Dialect) -> str:
    return "httpUrl" if dialect.url_is_sse and spec.transport == HTTP else dialect.key("url")


def _program(spec: ServiceSpec) -> Any:
    return (spec.settings["command"], spec.settings["args"]) if spec.transport == STDIO else None


def _write_program(spec: ServiceSpec, dialect: Dialect) -> dict[str, Any]:
    if spec.transport != STDIO:
        return {}
    command, args = spec.settings["command"], list(spec.settings["args"])
    if dialect.command_list:
        return {dialect.key("command"): [command, *args]}
    return {dialect.key("command"): command, **({"args": args} if args else {})}


def _setting(what: str) -> _Part:
    """Return the part of a setting that is written unchanged."""

    def means(spec: ServiceSpec) -> Any:
        value = spec.settings.get(what) if spec.transport in _TYPES else None
        return None if value in ({}, []) else value

    def write(spec: ServiceSpec, dialect: Dialect) -> dict[str, Any]:
        value = means(spec)
        if value is None:
            return {}
        return {dialect.key(what): value if (content := as_object(value)) is None else dict(content)}

    keys = ALIASES[what]
    if what == "headers":
        keys = (*keys, *ALIASES["env_headers"], *ALIASES["bearer"])
    elif what == "auth":
        keys = (*keys, *ALIASES["oauth"])
    return _Part(keys, means, write)


def _enabled(spec: ServiceSpec) -> bool:
    return spec.enabled


def _write_enabled(spec: ServiceSpec, dialect: Dialect) -> dict[str, Any]:
    return {} if spec.enabled or dialect.has_allow_lists else {dialect.switch: dialect.switch == "disabled"}


def _description(spec: ServiceSpec) -> str:
    return spec.description


def _write_description(spec: ServiceSpec, _dialect: Dialect) -> dict[str, Any]:
    return {"description": spec.description} if spec.description else {}


def _own(spec: ServiceSpec) -> dict[str, Any]:
    keys = {STDIO: ("inherit_env", "containment"), HTTP: ("addresses",), SSE: ("addresses",)}
    stated = {key: spec.settings.get(key) for key in keys.get(spec.transport, ())}
    return write_extension({**attrs.asdict(spec, recurse=False), **stated}, spec.timeouts)


def _write_own(spec: ServiceSpec, _dialect: Dialect) -> dict[str, Any]:
    own = _own(spec)
    return {KEY: own} if own else {}


_PARTS: Final = (
    _Part(_TYPE_KEYS, _transport, _write_transport),
    _Part(ALIASES["url"], _url, _write_url),
    _Part((*ALIASES["command"], *ALIASES["args"]), _program, _write_program),
    *(_setting(what) for what in ("env", "env_file", "env_vars", "cwd", "headers", "auth", "verify")),
    _Part(SWITCHES, _enabled, _write_enabled),
    _Part(ALIASES["description"], _description, _write_description),
    _Part((KEY, "timeout", *TIMEOUT_KEYS), _own, _write_own),
)

_MEANINGFUL: Final = frozenset(key for part in _PARTS for key in part.keys)
