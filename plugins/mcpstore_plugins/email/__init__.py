"""Alert channel `email`: alerts by e-mail over SMTP."""

from __future__ import annotations

from collections.abc import Iterable

from mcpstore.hooks import AlertHandler, hookimpl
from mcpstore_plugins.email.settings import EmailSettings
from mcpstore_plugins.email.smtp import send

__all__ = ["EmailSettings", "mcpstore_alert_handlers"]


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[EmailSettings]]:
    """Return the channel."""
    yield AlertHandler(name="email", config=EmailSettings, send=send)
