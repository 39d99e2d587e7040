"""Alerting at work: the alert machines of all services, and what they tell people."""

from mcpstore.runtime.alerting.dispatcher import Line
from mcpstore.runtime.alerting.engine import Alarm
from mcpstore.runtime.alerting.subscriptions import AlertCallback, AlertSubscription

__all__ = ["Alarm", "AlertCallback", "AlertSubscription", "Line"]
