"""Alerts by e-mail."""

from __future__ import annotations

from collections.abc import Iterable

from mcpstore.hooks import AlertHandler, hookimpl
from mcpstore.models.alert import Alert
from mcpstore_plugins.email.settings import EmailSettings

__all__ = ["EmailSettings", "mcpstore_alert_handlers"]


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[EmailSettings]]:
    """Offer the channel."""
    yield AlertHandler(name="email", config=EmailSettings, send=_send)


async def _send(alert: Alert, settings: EmailSettings) -> None:
    from mcpstore_plugins.email.smtp import send  # noqa: PLC0415 - who gets no mail loads no mail client

    await send(alert, settings)
