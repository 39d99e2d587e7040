"""The model of a dialect: one client's way of writing service entries."""

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
"""Keys that clients use for each field of an entry; if an entry has several of them, the first one is used."""

SWITCHES: Final = ("disabled", "enabled")
"""Keys that disable and enable a service."""

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
"""Keys of deadlines with the same unit in every dialect: the deadline, and its unit in seconds."""


@attrs.frozen(kw_only=True)
class Dialect:
    """One client's way of writing service entries.

    The reader accepts every alias in every dialect. A dialect states only where the meaning differs between clients,
    and how to write an entry so that its client can read it.

    Attributes:
        name: Name in `mcpstore config show`.
        client: The client, if the name has several; empty for the common dialects.
        switch: Key that disables an entry without such a key.
        command_list: Whether `command` is written as one list with the arguments.
        keys: Keys that differ from the first alias, by the keys of `ALIASES`.
        types: Value of `type` to write, by transport; no type is written for other transports.
        timeout: Deadline that the key `timeout` sets, and its unit in seconds; 0 guesses the unit from the value.
        url_is_sse: Whether `url` means SSE, and `httpUrl` streamable HTTP.
        has_allow_lists: Whether the file has the lists `allowed` and `excluded` of services that may run.
        bare_variables: Settings in which `$NAME` without braces is a variable.
        is_native: Whether the client reads only its own keys, so that entries of other dialects are rewritten.
        editable: Whether files in this dialect can be edited.
    """

    name: str
    client: str = ""
    switch: str = "disabled"
    command_list: bool = False
    keys: Mapping[str, str] = attrs.field(factory=dict[str, str])
    types: Mapping[str, str] = attrs.field(factory=dict[str, str])
    timeout: tuple[str, float] = ("call", 0.0)
    url_is_sse: bool = False
    has_allow_lists: bool = False
    bare_variables: frozenset[str] = frozenset()
    is_native: bool = False
    editable: bool = True

    def key(self, what: str) -> str:
        """Return this dialect's key for a field of `ALIASES`."""
        return self.keys.get(what, ALIASES[what][0])
