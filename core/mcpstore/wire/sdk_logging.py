"""Silences the logs of the SDK inside our connections.

Our errors report every failure with a remedy. The SDK and its HTTP client log it as well: with tracebacks, whole
messages, and URLs whose query may hold a key. An application that uses them outside our connections keeps their logs.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Final

__all__ = ["silence_sdk_logging"]

_LOGGERS: Final = (
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
    "httpx2",
    "mcp.client.auth.oauth2",
    "mcp.client.sse",
    "mcp.client.streamable_http",
)

_inside: Final[ContextVar[bool]] = ContextVar("mcpstore_inside", default=False)


class _OutsideFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - every record
        return not _inside.get()


_outside: Final = _OutsideFilter()


def silence_sdk_logging() -> None:
    """Silence the SDK in this task and in the tasks that it starts."""
    _inside.set(True)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_outside)  # the same filter is added only once
