"""Connections whose messages travel one by one: over HTTP, or through the streams of the MCP SDK."""

from __future__ import annotations

from mcpstore.wire.relay.channel import Channel, OpenChannel
from mcpstore.wire.relay.connection import RelayedConnection, relayed

__all__ = ["Channel", "OpenChannel", "RelayedConnection", "relayed"]
