"""Connections that transport single messages: over HTTP, or through the streams of the MCP SDK."""

from __future__ import annotations

from mcpstore.wire.messages.channel import Channel, OpenChannel
from mcpstore.wire.messages.connection import RelayedConnection, relayed

__all__ = ["Channel", "OpenChannel", "RelayedConnection", "relayed"]
