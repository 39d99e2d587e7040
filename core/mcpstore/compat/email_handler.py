"""Mail about alerts as a plain function, for programs that check rules themselves."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, Final

from mcpstore.concurrency.worker import run_with_timeout
from mcpstore.hooks.alert import AlertHandler
from mcpstore.models.alert import Alert
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.validation import validated

__all__ = ["email_alert_handler"]

PREFIX: Final = "MCPSTORE_EMAIL_"
"""What the environment variables with the settings of mail begin with: MCPSTORE_EMAIL_TO, MCPSTORE_EMAIL_HOST …"""

LIMIT: Final = 30.0
"""Seconds a mail may take."""


def email_alert_handler(alert: Alert) -> None:
    """Send an alert by e-mail, or print what would be sent where no mail is set up.

    The settings come from the environment: MCPSTORE_EMAIL_TO (several addresses with commas), MCPSTORE_EMAIL_SENDER,
    MCPSTORE_EMAIL_HOST and so on, as the alert handler `email` has them.

    Raises:
        MCPStoreError: The settings are wrong, or the mail server does not take it.
    """
    settings = {
        name.removeprefix(PREFIX).lower(): value for name, value in os.environ.items() if name.startswith(PREFIX)
    }
    if not settings:
        sys.stdout.write(f"📧 {alert['message']} (not sent: {PREFIX}TO and {PREFIX}SENDER are not set)\n")
        return
    run_with_timeout(
        lambda: asyncio.run(_send(alert, settings)), LIMIT, "mcpstore-email"
    )  # there may be a loop in this thread


async def _send(alert: Alert, settings: dict[str, Any]) -> None:
    if "to" in settings:
        settings["to"] = [address.strip() for address in settings["to"].split(",")]
    plugins = PluginManager()
    await asyncio.to_thread(plugins.discover, bundled=True)
    try:
        handler: AlertHandler[Any] = await plugins.get_offer_async("alert handler", "email")
        sending = handler.send(alert, validated(handler.config, settings, PREFIX))
        if sending is not None:
            await sending
    finally:
        await plugins.close()
