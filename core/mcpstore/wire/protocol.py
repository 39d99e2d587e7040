"""Constants of the MCP wire format that the engine uses.

Sources: the schemas of the MCP specification, revisions 2024-11-05 to 2026-07-28, as the official Python SDK carries
them (`mcp_types` 2.3.0: `version.py`, `jsonrpc.py`, and the `*_META_KEY` constants of `_types.py`). They are repeated
here because importing that package costs more than the whole engine does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mcpstore.models.json_types import as_array

__all__ = [
    "CLIENT_CAPABILITIES_KEY",
    "CLIENT_INFO_KEY",
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "LEGACY_VERSIONS",
    "LISTENABLE",
    "LONG_METHODS",
    "METHOD_NOT_FOUND",
    "MODERN_VERSIONS",
    "OVERLOADED",
    "PROTOCOL_VERSION_KEY",
    "SERVER_INFO_KEY",
    "UNSUPPORTED_VERSION",
    "mutual",
]

LEGACY_VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Versions agreed on by `initialize`, oldest first; the newest is offered."""

MODERN_VERSIONS: Final = ("2026-07-28",)
"""Versions announced by `server/discover`, oldest first; every request carries the one it speaks."""

PROTOCOL_VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
CLIENT_INFO_KEY: Final = "io.modelcontextprotocol/clientInfo"
CLIENT_CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"
"""Keys of `_meta` in every request of the modern era."""

SERVER_INFO_KEY: Final = "io.modelcontextprotocol/serverInfo"
"""Key of `_meta` in results of the modern era."""

INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
UNSUPPORTED_VERSION: Final = -32022
"""The data of this error names the versions that the server supports."""

OVERLOADED: Final = -32000
"""Our own code, from the range for implementations: too many requests of the server are under way."""

LONG_METHODS: Final = frozenset({"tools/call", "prompts/get", "resources/read"})
"""Methods that run code of the server's author: they may take long, and report progress."""

LISTENABLE: Final[Mapping[str, tuple[str, str]]] = {
    "tools": ("toolsListChanged", "notifications/tools/list_changed"),
    "prompts": ("promptsListChanged", "notifications/prompts/list_changed"),
    "resources": ("resourcesListChanged", "notifications/resources/list_changed"),
}
"""Per capability that may announce `listChanged`: its key in a `subscriptions/listen` filter, and the event."""


def mutual(offered: Any, ours: tuple[str, ...]) -> str | None:
    """Return the newest of our versions among those that a server names; None if there is none."""
    named = as_array(offered) or ()
    return next((version for version in reversed(ours) if version in named), None)
