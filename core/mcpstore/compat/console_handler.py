"""Alert handlers that are plain functions, for an `AlertManager`."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Final

from mcpstore.models.alert import Alert, AlertLevel

__all__ = ["console_alert_handler"]

_ICONS: Final = {
    AlertLevel.INFO: "ℹ️",  # noqa: RUF001 - it is a picture
    AlertLevel.WARNING: "⚠️",
    AlertLevel.ERROR: "❌",
    AlertLevel.CRITICAL: "🚨",
}


def console_alert_handler(alert: Alert) -> None:
    """Print an alert, with a picture of how bad it is."""
    when = datetime.fromtimestamp(alert["timestamp"])  # noqa: DTZ006 - local time, for the person who reads it
    icon = _ICONS.get(alert["level"], "📢")
    sys.stdout.write(f"{icon} [{when:%Y-%m-%d %H:%M:%S}] {alert['level'].value.upper()}: {alert['message']}\n")
    sys.stdout.flush()
