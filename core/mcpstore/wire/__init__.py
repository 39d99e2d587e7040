"""Connections from bytes: an engine for JSON lines, and an adapter for FastMCP transports.

A transport for lines of JSON uses `json_lines` if it has a stream, or feeds a `JsonLines` with the bytes it receives,
which is cheaper. Any FastMCP client transport becomes a connection through `from_fastmcp`.
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

_MODULES = {"from_fastmcp": "mcpstore.wire.fastmcp"}  # loads FastMCP only when it is used


def __getattr__(name: str) -> object:
    return load(__name__, _MODULES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
