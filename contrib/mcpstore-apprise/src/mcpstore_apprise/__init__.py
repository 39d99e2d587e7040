"""Alert channel `apprise`: alerts by e-mail, chat, phone and a hundred other services, each named by a URL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

from pydantic import BaseModel, Field, SecretStr

from mcpstore.hooks import Alert, AlertHandler, AlertKind, AlertLevel, hookimpl

__all__ = ["AppriseSettings", "send"]

NOTIFY_TYPES: Final = {
    AlertLevel.INFO: "info",
    AlertLevel.WARNING: "warning",
    AlertLevel.ERROR: "failure",
    AlertLevel.CRITICAL: "failure",
}


class AppriseSettings(BaseModel, extra="forbid"):
    """Settings of the channel.

    Attributes:
        urls: Apprise URLs of the recipients, such as `"slack://…"` or `"mailto://…"`; they may contain passwords.
        title: Title of the messages; `{service}` and `{level}` are replaced.
    """

    urls: list[SecretStr] = Field(min_length=1)
    title: str = "[{level}] {service}"


async def send(alert: Alert, settings: AppriseSettings) -> None:
    """Send an alert to all recipients.

    Raises:
        ValueError: Apprise does not know a URL.
        RuntimeError: At least one recipient did not get the alert.
    """
    # Importing Apprise takes a while, so it is done in a thread.
    apprise: Any = await asyncio.to_thread(import_module, "apprise")
    recipients = apprise.Apprise()
    for number, url in enumerate(settings.urls, 1):
        if not recipients.add(url.get_secret_value()):
            raise ValueError(f"urls: entry {number} is not an Apprise URL; correct it")
    is_delivered = await recipients.async_notify(
        title=settings.title.format(service=alert.service or "mcpstore", level=alert.level),
        body=f"{alert.kind}: {alert.message}",
        notify_type="success" if alert.kind is AlertKind.RESOLVED else NOTIFY_TYPES[alert.level],
    )
    if not is_delivered:
        raise RuntimeError("Apprise could not deliver the alert to all recipients")


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[AppriseSettings]]:
    """Return the channel."""
    yield AlertHandler(name="apprise", config=AppriseSettings, send=send)
