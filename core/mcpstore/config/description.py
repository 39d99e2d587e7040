"""Description of a configuration for `mcpstore config show`; variables are not expanded."""

from __future__ import annotations

from typing import Any, Final

from mcpstore.config.dialects.dialect import ALIASES
from mcpstore.config.dialects.transport_names import HTTP
from mcpstore.config.fields import Fields
from mcpstore.config.reader import ParsedConfig
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.service import ServiceSpec

__all__ = ["describe"]

_DESCRIBED_KEYS: Final = frozenset(
    {"type", "transport", "disabled", "enabled"}.union(*(ALIASES[what] for what in ("command", "args", "env", "url")))
)


def describe(parsed: ParsedConfig) -> dict[str, Any]:
    """Return the services and problems of a configuration as JSON values."""
    return {
        "servers": [_describe_service(spec) for spec in parsed.specs.values()],
        "problems": [{"where": p.where, "what": p.what, "remedy": p.remedy} for p in parsed.problems],
    }


def _describe_service(spec: ServiceSpec) -> dict[str, Any]:
    # Fields that the transport does not use are shown too: a URL beside a command, variables beside a URL.
    stated = Fields(spec.entry)
    settings: dict[str, Any] = {
        "command": stated.text("command") if isinstance(spec.entry.get("command"), str) else None,
        "url": stated.text("url"),
        "env": stated.pairs("env"),
        **spec.settings,
    }
    return {
        "name": spec.name,
        "dialect": spec.dialect,
        "transport": "http" if spec.transport == HTTP else spec.transport,
        "enabled": spec.enabled,
        "command": settings["command"],
        "args": list(as_array(settings.get("args")) or ()),
        "env_keys": sorted(as_object(settings["env"]) or {}),
        "url": settings["url"],
        "extra_keys": sorted(key for key in map(str, spec.entry) if key not in _DESCRIBED_KEYS),
    }
