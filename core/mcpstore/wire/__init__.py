"""From bytes to a connection: our own engine for JSON lines, and the way in for FastMCP transports.

A transport that moves lines of JSON uses `json_lines` if it has a stream to read from, or feeds a `JsonLines` if it is
called with what was read, which is cheaper. Any FastMCP client transport becomes a connection through `from_fastmcp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpstore._lazy import load
from mcpstore.hooks.connection import ClientEndpoint, Closing, Connection, Era, Exit, ServerInfo
from mcpstore.wire.engine import JsonLines
from mcpstore.wire.pump import json_lines
from mcpstore.wire.stream import ByteStream, Sink

if TYPE_CHECKING:
    from mcpstore.wire.fastmcp import from_fastmcp

__all__ = [
    "ByteStream",
    "ClientEndpoint",
    "Closing",
    "Connection",
    "Era",
    "Exit",
    "JsonLines",
    "ServerInfo",
    "Sink",
    "from_fastmcp",
    "json_lines",
]

_MODULES = {"from_fastmcp": "mcpstore.wire.fastmcp"}  # whoever never asks for it never loads FastMCP


def __getattr__(name: str) -> object:
    return load(__name__, _MODULES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
