"""TCP keepalive for streams that are only read.

Without it, a client that only reads never notices that the other machine has lost power, or that a firewall has dropped
the connection.
"""

from __future__ import annotations

import socket
from typing import Final

import httpx2

__all__ = ["IDLE", "INTERVAL", "PROBES", "enable_keepalive"]

IDLE: Final = 30
"""Seconds without data after which the first keepalive probe is sent."""

INTERVAL: Final = 10
"""Seconds between two keepalive probes."""

PROBES: Final = 3
"""Unanswered keepalive probes after which the connection is closed."""


def enable_keepalive(response: httpx2.Response) -> None:
    """Enable TCP keepalive on the connection of a response, if the system supports it."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is None:
        return
    # TCP_KEEPIDLE is called TCP_KEEPALIVE on macOS.
    options = (("TCP_KEEPIDLE", IDLE), ("TCP_KEEPALIVE", IDLE), ("TCP_KEEPINTVL", INTERVAL), ("TCP_KEEPCNT", PROBES))
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in options:
            if (option := getattr(socket, name, None)) is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
    except OSError:
        pass  # the connection is closed already, or is not TCP
