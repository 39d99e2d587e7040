"""Noticing that nobody is at the other end of a stream on which nothing is to be sent.

Whoever only listens never learns that the other machine lost power, or that a firewall between the two has forgotten
the connection: nothing arrives, as before. So the system is told to ask.
"""

from __future__ import annotations

import socket
from typing import Final

import httpx2

__all__ = ["IDLE", "INTERVAL", "PROBES", "enable_keepalive"]

IDLE: Final = 30
"""Seconds without a word after which the other end is asked whether it is there."""

INTERVAL: Final = 10
"""Seconds until it is asked again."""

PROBES: Final = 3
"""Questions without an answer after which the stream is over."""


def enable_keepalive(response: httpx2.Response) -> None:
    """Have the system ask the other end of a stream for signs of life; where it cannot, that is no harm."""
    stream = response.extensions.get("network_stream")
    end = stream.get_extra_info("socket") if stream is not None else None
    if end is None:
        return
    # macOS calls the first of them by another name.
    options = (("TCP_KEEPIDLE", IDLE), ("TCP_KEEPALIVE", IDLE), ("TCP_KEEPINTVL", INTERVAL), ("TCP_KEEPCNT", PROBES))
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in options:
            if (option := getattr(socket, name, None)) is not None:
                end.setsockopt(socket.IPPROTO_TCP, option, value)
    except OSError:
        pass  # it is over already, or no TCP
