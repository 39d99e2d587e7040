"""Locations that are files: paths and file:// URLs."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import unquote, urlsplit

from mcpstore.errors import ConfigError

__all__ = ["is_file", "path_of"]

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def is_file(location: str) -> bool:
    """Return whether `location` is a path or a file:// URL."""
    scheme = _SCHEME.match(location)
    return bool(location) and (scheme is None or scheme[1].lower() == "file")


def path_of(location: str) -> str:
    """Return the absolute path of a location, without resolving symlinks.

    Raises:
        ConfigError: The location names another host, or contains a NUL character.
    """
    path = location
    if _SCHEME.match(location):
        url = urlsplit(location)
        if url.netloc not in {"", "localhost"}:
            raise ConfigError(
                f"location must be a file on this machine (got {location!r} with the host {url.netloc!r}); "
                "write file:///… with three slashes"
            )
        path = unquote(url.path, errors="surrogateescape")
    if "\0" in path:
        raise ConfigError(f"location must not contain a NUL character (got {location!r}); name a file")
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - must not resolve symlinks; bytes stay
