"""Alerting at work: the alert machines of all services, and what they tell people."""

from mcpstore.runtime.alarm.engine import Alarm
from mcpstore.runtime.alarm.listeners import AlertCallback, AlertSubscription
from mcpstore.runtime.alarm.telling import Line

__all__ = ["Alarm", "AlertCallback", "AlertSubscription", "Line"]
