"""Telling the locations that are files from those that are not."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import unquote, urlsplit

from mcpstore.errors import ConfigError

__all__ = ["is_file", "path_of"]

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def is_file(location: str) -> bool:
    """Return whether `location` is a path or a file:// URL, rather than the URL of some other kind of place."""
    scheme = _SCHEME.match(location)
    return bool(location) and (scheme is None or scheme[1].lower() == "file")


def path_of(location: str) -> str:
    """Return the absolute path a location stands for; symlinks stay what they are.

    Raises:
        ConfigError: No file can be there: another host, or a character no path may have.
    """
    path = location
    if _SCHEME.match(location):
        url = urlsplit(location)
        if url.netloc not in {"", "localhost"}:
            raise ConfigError(
                f"{location!r} names the host {url.netloc!r}, and only files of this machine can be used; "
                f"write file:///… with three slashes"
            )
        path = unquote(url.path, errors="surrogateescape")
    if "\0" in path:
        raise ConfigError(f"{location!r} is no path: it has a NUL character; name a file")
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - must not resolve symlinks; bytes stay
