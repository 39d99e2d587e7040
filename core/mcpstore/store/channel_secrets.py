"""Keeping the secrets of channels, their addresses among them, out of what is told when they fail."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
from pydantic import SecretStr

from mcpstore.hooks.alert import AlertHandler
from mcpstore.models.alert import Alert
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.redaction import secrets_in

__all__ = ["redacting_errors", "secrets_of_channel"]

_SHORTEST_PART: Final = 8
"""Shorter parts of an address are words such as `services` or `hooks`, rather than keys."""


def secrets_of_channel(settings: Any) -> set[str]:
    """Return what must not be told of the settings of an alert handler or an exporter.

    Whoever knows the address of a webhook can post there, so addresses are secrets here, and the long parts of them.
    """
    found = secrets_in(settings)
    for text in _texts(settings):
        if "://" in text:
            found.add(text)
            found |= _parts(text)
    return found | {item.get_secret_value() for item in _leaves(settings) if isinstance(item, SecretStr)}


def redacting_errors(handler: AlertHandler[Any], redact: Callable[[str], str]) -> AlertHandler[Any]:
    """Return a handler whose errors tell no secrets.

    Args:
        handler: What a plugin offers.
        redact: Hides secrets in text.
    """

    async def wait(answer: Awaitable[None]) -> None:
        with _discreetly(redact):
            await answer

    async def send(alert: Alert, settings: Any) -> None:
        if (answer := handler.send(alert, settings)) is not None:
            await wait(answer)

    def send_in_thread(alert: Alert, settings: Any) -> Awaitable[None] | None:
        with _discreetly(redact):
            answer = handler.send(alert, settings)
        return None if answer is None else wait(answer)

    return attrs.evolve(handler, send=send if inspect.iscoroutinefunction(handler.send) else send_in_thread)


@contextmanager
def _discreetly(redact: Callable[[str], str]) -> Generator[None]:
    """Raise errors without the secrets in them, under the same name."""
    try:
        yield
    except Exception as error:
        if (told := redact(str(error))) == str(error):
            raise
        raise type(type(error).__name__, (RuntimeError,), {})(told) from None


def _parts(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return set()
    # Apprise and others put keys where others put the host.
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
