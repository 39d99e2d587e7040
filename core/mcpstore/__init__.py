"""MCPStore: a pluggable manager for MCP services.

`import mcpstore` is cheap: every name below is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpstore._lazy import load
from mcpstore._version import __version__

if TYPE_CHECKING:
    from mcpstore.errors import MCPStoreError
    from mcpstore.hooks import hookimpl
    from mcpstore.store import AsyncMCPStore, MCPStore

__all__ = ["AsyncMCPStore", "MCPStore", "MCPStoreError", "__version__", "hookimpl"]

_HOMES = {
    "AsyncMCPStore": "mcpstore.store",
    "MCPStore": "mcpstore.store",
    "MCPStoreError": "mcpstore.errors",
    "hookimpl": "mcpstore.hooks",
}


def __getattr__(name: str) -> object:
    return load(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
