"""Keeps the SDK from talking to our users.

What goes wrong on the way is told by our errors, in words a person can act on. The SDK and its HTTP client log it as
well: with tracebacks, whole messages, and addresses whose query may hold a key. Inside our connections they are silent;
an application that uses them by itself hears from them as ever.
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


class _Outside(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whatever it is
        return not _inside.get()


_outside: Final = _Outside()


def silence_sdk_logging() -> None:
    """Silence the SDK in this task, and in every task that comes of it."""
    _inside.set(True)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_outside)  # the same filter is added only once
