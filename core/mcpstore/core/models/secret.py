"""Keeping secrets out of everything that is shown, written or sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from mcpstore.core.models.shape import as_array, as_object

__all__ = ["MASK", "Redactor", "clean_url", "masked"]

MASK: Final = "***"

_VALUE_MAPS: Final = frozenset(
    {"env", "environment", "envs", "headers", "http_headers", "oauth", "auth", "credentials"}
)
_SECRET_KEY: Final = re.compile(
    r"token|secret|passw|api[-_]?key|authorization|bearer|credential|private", re.IGNORECASE
)
_SHORTEST: Final = 6  # shorter values ("1", "true", "INFO") are no secrets, and masking them would eat ordinary text


def masked(value: Any, *, _secret: bool = False) -> Any:
    """Return a copy of a configuration entry in which values that may be secret are `***`.

    Values of `env`, headers and OAuth settings, keys that sound secret, and the credentials and query of URLs are
    masked; `${VARIABLE}` references stay, because they tell nothing.
    """
    if (fields := as_object(value)) is not None:
        return {
            key: masked(item, _secret=_secret or key in _VALUE_MAPS or bool(_SECRET_KEY.search(key)))
            for key, item in fields.items()
        }
    if (items := as_array(value)) is not None:
        return [masked(item, _secret=_secret) for item in items]
    if isinstance(value, str):
        if _secret:
            return value if not value or _is_reference(value) else MASK
        return clean_url(value) if "://" in value else value
    return MASK if _secret and value is not None and not isinstance(value, bool) else value


def clean_url(url: str) -> str:
    """Return a URL without user, password, query values and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return MASK
    if not parts.scheme or not parts.netloc:
        return url
    if ":" in host:
        host = f"[{host}]"
    query = "&".join(f"{pair.split('=', 1)[0]}={MASK}" for pair in parts.query.split("&")) if parts.query else ""
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, query, ""))


class Redactor:
    """Replaces known secret values in text that others wrote: stderr lines, error messages.

    Args:
        values: The values to hide; those shorter than six characters are left alone.
    """

    __slots__ = ("_pattern",)

    def __init__(self, values: Iterable[str] = ()) -> None:
        longest_first = sorted({v for v in values if len(v) >= _SHORTEST}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return `text` with every known secret replaced by `***`."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)


def _is_reference(value: str) -> bool:
    return bool(re.fullmatch(r"\$\{[^}]*\}|\{env:[^}]*\}|\{file:[^}]*\}|\$[A-Za-z_]\w*", value))
