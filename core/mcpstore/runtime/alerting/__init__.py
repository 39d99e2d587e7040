"""Alerting at work: the alert machines of all services, and what they tell people."""

from mcpstore.runtime.alerting.dispatcher import AlertChannel
from mcpstore.runtime.alerting.engine import AlertEngine

__all__ = ["AlertChannel", "AlertEngine"]
