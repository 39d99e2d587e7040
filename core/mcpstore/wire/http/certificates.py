"""Cache of TLS contexts. Building one blocks for 20 ms, so each is built once, in a thread."""

from __future__ import annotations

import asyncio
import ssl
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

from mcpstore.errors import ConnectRefused

__all__ = ["tls_context"]

_one_at_a_time: Final = Lock()


async def tls_context(verify: bool | str) -> ssl.SSLContext:
    """Return the TLS context for a `verify` setting.

    Raises:
        ConnectRefused: The certificates cannot be read.
    """
    return await asyncio.to_thread(_context, verify)


def _context(verify: bool | str) -> ssl.SSLContext:
    with _one_at_a_time:  # services that start together wait for one context instead of building one each
        if isinstance(verify, bool):
            return _system(verify)
        path = Path(verify).expanduser()
        try:
            return _from_file(path, path.stat().st_mtime_ns)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ConnectRefused(
                f"verify: no certificates can be read from {verify!r} ({reason}); correct the path"
            ) from None


@lru_cache
def _system(verify: bool) -> ssl.SSLContext:
    import httpx2  # noqa: PLC0415 - slow to import, and needed for HTTP only

    return httpx2.create_ssl_context(verify=verify)


@lru_cache(maxsize=16)
def _from_file(path: Path, _changed: int) -> ssl.SSLContext:
    """Return the context of a file; the time of its last change is part of the cache key."""
    return ssl.create_default_context(
        cafile=None if path.is_dir() else str(path), capath=str(path) if path.is_dir() else None
    )
