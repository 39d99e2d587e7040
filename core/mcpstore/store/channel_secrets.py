"""Secrets in the settings of alert channels and exporters, their addresses included."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.redaction import secrets_in

__all__ = ["secrets_of_channel"]

_SHORTEST_PART: Final = 8
"""Minimum length of a part of an address that counts as a secret; shorter parts are words such as `hooks`."""


def secrets_of_channel(settings: Any) -> set[str]:
    """Return the secrets in the settings of an alert handler or an exporter.

    The address of a webhook is enough to post to it, so addresses and the long parts of them are secrets.
    """
    secrets = secrets_in(settings)
    for text in _texts(settings):
        if "://" in text:
            secrets.add(text)
            secrets |= _parts(text)
    return secrets | {item.get_secret_value() for item in _leaves(settings) if isinstance(item, SecretStr)}


def _parts(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return set()
    # Apprise and others write keys in the place of the host.
    words = {*parts.path.split("/"), host, parts.username or "", *parts.query.split("&")}
    return {word for word in words if len(word) >= _SHORTEST_PART and any(map(str.isdigit, word))}


def _texts(value: Any) -> list[str]:
    return [item.get_secret_value() if isinstance(item, SecretStr) else item for item in _leaves(value) if item]


def _leaves(value: Any) -> list[Any]:
    if (fields := as_object(value)) is not None:
        return [leaf for item in fields.values() for leaf in _leaves(item)]
    if (items := as_array(value)) is not None:
        return [leaf for item in items for leaf in _leaves(item)]
    return [value] if isinstance(value, str | SecretStr) else []
