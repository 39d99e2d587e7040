"""Alerting: evaluation of rules, incidents, delivery to channels, and the alert log."""

from mcpstore.runtime.alerting.channel import AlertChannel, ChannelStatus
from mcpstore.runtime.alerting.engine import AlertEngine

__all__ = ["AlertChannel", "AlertEngine", "ChannelStatus"]
