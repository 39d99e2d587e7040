"""Alerting at work: the alert machines of all services, and what they tell people."""

from mcpstore.runtime.alerting.dispatcher import AlertChannel
from mcpstore.runtime.alerting.engine import AlertEngine
from mcpstore.runtime.alerting.subscriptions import AlertCallback, AlertSubscription

__all__ = ["AlertCallback", "AlertChannel", "AlertEngine", "AlertSubscription"]
