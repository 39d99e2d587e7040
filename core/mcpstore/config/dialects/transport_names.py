"""Names of the transports in the configurations of clients."""

from __future__ import annotations

from typing import Final

__all__ = ["HTTP", "MEMORY", "REMOTE", "SSE", "STDIO", "known_transport"]

STDIO: Final = "stdio"
HTTP: Final = "streamable_http"
SSE: Final = "sse"
MEMORY: Final = "memory"

REMOTE: Final = "remote"
"""opencode's name for both remote transports; the URL determines which one."""

_WORDS: Final = {
    "stdio": STDIO,
    "local": STDIO,
    "http": HTTP,
    "https": HTTP,
    "streamablehttp": HTTP,
    "httpstream": HTTP,
    "streaminghttp": HTTP,
    "streamable": HTTP,
    "url": HTTP,
    "remote": REMOTE,
    "sse": SSE,
}


def known_transport(word: str) -> str | None:
    """Return the transport for a client's name of it; None for an unknown name."""
    return _WORDS.get(word.lower().replace("-", "").replace("_", "").replace(" ", ""))
