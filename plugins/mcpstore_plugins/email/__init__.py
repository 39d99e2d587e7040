"""Alert channel `email`: alerts by e-mail over SMTP."""

from __future__ import annotations

from collections.abc import Iterable

from mcpstore.hooks import AlertHandler, hookimpl
from mcpstore.models.alert import Alert
from mcpstore_plugins.email.settings import EmailSettings

__all__ = ["EmailSettings", "mcpstore_alert_handlers"]


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[EmailSettings]]:
    """Return the channel."""
    yield AlertHandler(name="email", config=EmailSettings, send=_send)


async def _send(alert: Alert, settings: EmailSettings) -> None:
    from mcpstore_plugins.email.smtp import send  # noqa: PLC0415 - the mail client is loaded with the first mail

    await send(alert, settings)
