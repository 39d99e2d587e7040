"""What tells one way of writing service entries from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

__all__ = ["ALIASES", "SWITCHES", "TIMEOUT_KEYS", "Dialect"]

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "command": ("command", "cmd"),
    "args": ("args",),
    "env": ("env", "environment", "envs"),
    "env_file": ("envFile", "env_file"),
    "env_vars": ("env_vars",),
    "cwd": ("cwd",),
    "type": ("type", "transport", "transportType"),
    "url": ("url", "serverUrl", "httpUrl", "uri"),
    "headers": ("headers", "http_headers"),
    "env_headers": ("env_http_headers",),
    "bearer": ("bearer_token_env_var",),
    "auth": ("auth",),
    "oauth": ("oauth",),
    "verify": ("verify",),
    "description": ("description",),
}
"""What clients call the things an entry says; the first spelling an entry has is the one that counts."""

SWITCHES: Final = ("disabled", "enabled")
"""The keys that switch a service off and on."""

TIMEOUT_KEYS: Final[Mapping[str, tuple[str, float]]] = {
    "timeout_seconds": ("call", 1.0),
    "timeoutSeconds": ("call", 1.0),
    "timeoutMs": ("call", 0.001),
    "tool_timeout_sec": ("call", 1.0),
    "startup_timeout_sec": ("handshake", 1.0),
    "startup_timeout_ms": ("handshake", 0.001),
    "initTimeout": ("handshake", 0.001),
    "connectionTimeout": ("handshake", 0.001),
}
"""Keys whose unit is the same wherever they occur: which deadline they mean, and their unit in seconds."""


@attrs.frozen(kw_only=True)
class Dialect:
    """A way of writing service entries.

    Every dialect is read with the same tolerance: what is recorded here is only where they contradict each other, and
    how an entry is written so that the client the file belongs to understands it.

    Attributes:
        name: What `mcpstore config show` calls it.
        client: The client whose habits it follows, where the name alone does not tell; empty for the common ones.
        switch: The key that switches an entry off which has none yet.
        command_list: Whether `command` is written as one list together with the arguments.
        keys: How it spells what it spells unlike the others: by the keys of `ALIASES`.
        types: What it writes as `type`, by transport; without one, no type is written.
        timeout: Which deadline the key `timeout` means, and its unit in seconds; 0 means that its size tells.
        url_is_sse: Whether `url` means SSE and `httpUrl` streamable HTTP.
        has_lists: Whether the file lists by name which services may run.
        bare: The settings in which `$NAME` without braces is a variable.
        is_native: Whether entries must be spelled its own way, because its client understands no other.
        editable: Whether such files are written at all.
    """

    name: str
    client: str = ""
    switch: str = "disabled"
    command_list: bool = False
    keys: Mapping[str, str] = attrs.field(factory=dict[str, str])
    types: Mapping[str, str] = attrs.field(factory=dict[str, str])
    timeout: tuple[str, float] = ("call", 0.0)
    url_is_sse: bool = False
    has_lists: bool = False
    bare: frozenset[str] = frozenset()
    is_native: bool = False
    editable: bool = True

    def key(self, what: str) -> str:
        """Return how this dialect spells one of the keys of `ALIASES`."""
        return self.keys.get(what, ALIASES[what][0])
