"""From an entry, in whatever dialect, to what it means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.config.dialects.dialect import ALIASES, TIMEOUT_KEYS, Dialect
from mcpstore.config.dialects.known import MCP_SERVERS
from mcpstore.config.dialects.words import HTTP, SSE, STDIO
from mcpstore.config.fields import Fields, kind_of
from mcpstore.config.own import KEY, OwnSettings, read_own
from mcpstore.config.transports import Wanted, wanted_transport
from mcpstore.core.models.service import ServiceSpec
from mcpstore.core.models.shape import as_array, as_object, as_text
from mcpstore.core.models.timing import Timeouts
from mcpstore.errors import InvalidService

__all__ = ["CLIENT_KEYS", "Outcome", "name_trouble", "read_entry", "spec_of"]

LONGEST_NAME: Final = 200
DEEPEST: Final = 64

CLIENT_KEYS: Final = frozenset(
    {"name", "disabled", "enabled", "description", "timeout", *TIMEOUT_KEYS, "type", "transport", "transportType", KEY}
    | {"alwaysAllow", "autoApprove", "trust", "allowedTools", "enabled_tools", "includeTools"}
    | {"disabledTools", "disabled_tools", "excludeTools", "tools", "gallery", "version", "metadata"}
)
"""Keys that concern clients; a vendor's transport, whose settings stand beside them, does not get them."""


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
    complaints: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
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
        raise InvalidService({name: outcome.complaints})
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
        return Outcome(complaints=(*trouble, f"entry: must be an object (got {kind_of(entry)})"))
    if _is_deeper(found, DEEPEST):
        return Outcome(complaints=(*trouble, f"entry: nested more than {DEEPEST} levels deep"))
    if "command" in found and (program := as_object(found["command"])) is not None:
        found = _with_program(found, program)
    fields = Fields(found)
    fields.complaints.extend(trouble)
    wanted = wanted_transport(fields, dialect)
    if wanted.options is not None and wanted.name in (STDIO, HTTP, SSE):
        fields.entry = {**{k: v for k, v in found.items() if k != "transport"}, **wanted.options}
    own, complaints = read_own(found.get(KEY), str(name))
    settings, doubts = _settings(fields, wanted, dialect, own)
    timeouts = _timeouts(fields, dialect, own)
    is_enabled = fields.is_enabled() and listed
    fields.complaints.extend(complaints)
    if fields.complaints or wanted.name is None:
        return Outcome(complaints=tuple(fields.complaints))
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
        entry=entry,
        dialect=dialect.name,
        **{key: choice for key in ("health", "recovery") if (choice := getattr(own, key)) is not None},
    )
    return Outcome(spec=spec, doubts=tuple(doubts), notes=(wanted.note,) if wanted.note else ())


def _settings(fields: Fields, wanted: Wanted, dialect: Dialect, own: OwnSettings) -> tuple[dict[str, Any], list[str]]:
    if wanted.name == STDIO:
        return _stdio(fields, dialect, own), []
    if wanted.name in (HTTP, SSE):
        return _remote(fields, dialect)
    if wanted.name is None:
        if not wanted.key:
            _complain_of_nothing(fields)
        return {}, []
    if wanted.options is not None:
        return wanted.options, []
    return {key: value for key, value in fields.entry.items() if key not in CLIENT_KEYS and key[:1] != "_"}, []


def _stdio(fields: Fields, dialect: Dialect, own: OwnSettings) -> dict[str, Any]:
    args = fields.words("args")
    complained = len(fields.complaints)
    key = fields.key_of("command")
    if key and as_array(fields.entry[key]) is not None:
        command, *more = fields.as_words(key, fields.entry[key]) or [""]
        args = [*more, *args]
    else:
        command = fields.text("command") or ""
    if not command and len(fields.complaints) == complained:
        fields.complain(key or "command", "missing; a local service needs one" + fields.nearest(["command"]))
    settings: dict[str, Any] = {"command": command, "args": args, "env": fields.pairs("env")}
    for what in ("cwd", "env_file"):
        if (text := fields.text(what)) is not None:
            settings[what] = text
    if names := fields.words("env_vars"):
        settings["env_vars"] = names
    if own.inherit_env is not None:
        settings["inherit_env"] = own.inherit_env
    return _with_braces(settings, dialect)


def _remote(fields: Fields, dialect: Dialect) -> tuple[dict[str, Any], list[str]]:
    complained = len(fields.complaints)
    key = fields.key_of("url")
    url = fields.text("url") or ""
    doubts: list[str] = []
    if not url and len(fields.complaints) == complained:
        fields.complain(key or "url", "missing; a remote service needs one" + fields.nearest(ALIASES["url"]))
    elif url and not _URL.match(url):
        doubts.append(f"{key}: must begin with http:// or https://")
    headers = {header: text for header, text in fields.pairs("headers").items() if text is not None}
    headers |= {header: f"${{{variable}}}" for header, variable in fields.pairs("env_headers").items() if variable}
    if (token := fields.text("bearer")) is not None:
        headers["Authorization"] = f"Bearer ${{{token}}}"
    settings: dict[str, Any] = {"url": url, "headers": headers}
    for what in ("auth", "oauth"):
        if (stated := fields.entry.get(what)) is not None:
            settings[what] = stated
    return _with_braces(settings, dialect), doubts


_URL: Final = re.compile(r"https?://|\$\{|\{env:|\{file:", re.IGNORECASE)


def _timeouts(fields: Fields, dialect: Dialect, own: OwnSettings) -> Timeouts:
    stated: dict[str, float | None] = {}
    for key, (deadline, unit) in {**TIMEOUT_KEYS, "timeout": dialect.timeout}.items():
        # A vendor's transport may have a "timeout" of its own kind; ours are numbers.
        if key in fields.entry and as_object(fields.entry[key]) is None:
            stated[deadline] = fields.seconds(key, unit)
    stated.update(own.timeouts.model_dump(exclude_none=True))
    return Timeouts(**stated)


def _complain_of_nothing(fields: Fields) -> None:
    if fields.entry.get("source") == "extension":
        fields.complain(
            "command", "missing; the service belongs to an extension of Zed, and only Zed knows its command"
        )
        return
    hint = fields.nearest(["command", "url", "serverUrl", "httpUrl", "transport"])
    fields.complain("command", f"missing; an entry needs a 'command' (local) or a 'url' (remote){hint}")


def _with_program(entry: Mapping[str, Any], program: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten Zed's older form, in which `command` is an object with path, args and env."""
    inner = {key: program[key] for key in ("args", "env") if key in program}
    return {**entry, **inner, "command": program.get("path", program.get("command"))}


def _with_braces(settings: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Turn `$NAME` into `${NAME}` where the dialect's client reads it so; variables have one form from here on."""
    for key in dialect.bare & settings.keys():
        value = settings[key]
        if isinstance(value, str):
            settings[key] = _braced(value)
        elif (pairs := as_object(value)) is not None:
            settings[key] = {name: text and _braced(text) for name, text in pairs.items()}
    return settings


def _braced(text: str) -> str:
    return re.sub(r"(?<![\\$])\$([A-Za-z_]\w*)", r"${\1}", text)


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
