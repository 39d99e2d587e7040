"""Keeping secrets out of everything that is shown, written or sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from mcpstore.core.models.shape import as_array, as_object

__all__ = ["MASK", "Redactor", "clean_url", "masked"]

MASK: Final = "***"

_VALUE_MAPS: Final = frozenset(
    {"env", "environment", "envs", "headers", "http_headers", "oauth", "auth", "credentials"}
)
_SECRET_KEY: Final = re.compile(
    r"token|secret|passw|api[-_]?key|authorization|bearer|credential|private", re.IGNORECASE
)
_ASSIGNED: Final = re.compile(
    rf"(-{{0,2}}[\w.-]*(?:{_SECRET_KEY.pattern})[\w.-]*(?:=|:\s+))(.+)", re.IGNORECASE | re.DOTALL
)
_FLAG: Final = re.compile(rf"--?[\w.-]*(?:{_SECRET_KEY.pattern})[\w.-]*", re.IGNORECASE)
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
_REFERENCE: Final = re.compile(
    r"\$\{\w+\}|\$\{(?:env|input|config|command):[\w.-]+\}|\{env:\w+\}|\{file:[^}]*\}|\$[A-Za-z_]\w*"
)  # with a default, as in ${KEY:-value}, it is no mere reference: the default may be the secret
_SHORTEST: Final = 6  # shorter values ("1", "true", "INFO") are no secrets, and masking them would eat ordinary text


def masked(value: Any, *, _secret: bool = False) -> Any:
    """Return a copy of a configuration entry in which values that may be secret are `***`.

    Values of `env`, headers and OAuth settings, keys and arguments that sound secret, and the credentials and query of
    URLs are masked; `${VARIABLE}` references stay, because they tell nothing.
    """
    if (fields := as_object(value)) is not None:
        return {
            key: masked(item, _secret=_secret or str(key).lower() in _VALUE_MAPS or bool(_SECRET_KEY.search(str(key))))
            for key, item in fields.items()
        }
    if (items := as_array(value)) is not None:
        flags = [isinstance(item, str) and bool(_FLAG.fullmatch(item)) for item in ("", *items)]
        return [masked(item, _secret=_secret or after) for item, after in zip(items, flags, strict=False)]
    if isinstance(value, str):
        return _masked_text(value, secret=_secret)
    return MASK if _secret and value is not None and not isinstance(value, bool) else value


def clean_url(url: str) -> str:
    """Return a URL without user, password, query values and fragment; the same for URLs within other text."""
    return _without_secrets(url) if _URL.match(url) else _URL.sub(lambda found: _without_secrets(found[0]), url)


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


def _masked_text(text: str, *, secret: bool) -> str:
    if secret:
        return text if not text or _REFERENCE.fullmatch(text) else MASK
    if assigned := _ASSIGNED.fullmatch(text):
        return assigned[1] + _masked_text(assigned[2], secret=True)
    return clean_url(text)


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return MASK
    if ":" in host:
        host = f"[{host}]"
    pairs = parts.query.split("&") if parts.query else []
    named = (pair.split("=", 1) for pair in pairs)
    query = "&".join(f"{name[0]}={MASK}" if any(name[1:]) else MASK for name in named)  # `?c2VjcmV0=` is no name
    return f"{parts.scheme}://{host}{port}{parts.path}" + (f"?{query}" if query else "")
