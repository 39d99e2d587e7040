"""Alerts through Apprise: e-mail, chats, phones, desktops and a hundred other services, each named by a URL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

from pydantic import BaseModel, Field, SecretStr

from mcpstore.hooks import Alert, AlertHandler, AlertKind, AlertLevel, hookimpl

__all__ = ["AppriseSettings", "send"]

KINDS: Final = {
    AlertLevel.INFO: "info",
    AlertLevel.WARNING: "warning",
    AlertLevel.ERROR: "failure",
    AlertLevel.CRITICAL: "failure",
}


class AppriseSettings(BaseModel, extra="forbid"):
    """Whom to tell.

    Attributes:
        urls: Services as Apprise spells them, such as `"slack://…"` or `"mailto://…"`; they hold passwords.
        title: Title of the messages; `{service}` and `{level}` are filled in.
    """

    urls: list[SecretStr] = Field(min_length=1)
    title: str = "[{level}] {service}"


async def send(alert: Alert, settings: AppriseSettings) -> None:
    """Tell everybody.

    Raises:
        ValueError: A URL is none that Apprise knows.
        RuntimeError: Somebody could not be told.
    """
    # Apprise takes a while to load; meanwhile the event loop has services to look after.
    apprise: Any = await asyncio.to_thread(import_module, "apprise")
    everybody = apprise.Apprise()
    for number, url in enumerate(settings.urls, 1):
        if not everybody.add(url.get_secret_value()):
            raise ValueError(f"urls: number {number} is no address that Apprise knows")
    told = await everybody.async_notify(
        title=settings.title.format(service=alert.service or "mcpstore", level=alert.level),
        body=f"{alert.kind}: {alert.message}",
        notify_type="success" if alert.kind is AlertKind.RESOLVED else KINDS[alert.level],
    )
    if not told:
        raise RuntimeError("Apprise could not tell everybody")


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[AppriseSettings]]:
    """Offer the handler."""
    yield AlertHandler(name="apprise", config=AppriseSettings, send=send)
