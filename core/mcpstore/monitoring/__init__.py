"""Monitoring and alerting: what is measured of services, who is told, and how it is shown.

Every name is loaded when it is first used, so that a store that needs none of it loads none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpstore._lazy import load

if TYPE_CHECKING:
    from mcpstore.hooks.alert import AlertRule
    from mcpstore.models.alert import Alert, AlertLevel
    from mcpstore.models.metrics import ServiceMetrics
    from mcpstore.monitoring.alerts.handlers import console_alert_handler
    from mcpstore.monitoring.alerts.manager import AlertManager
    from mcpstore.monitoring.config import AlertConfig, MonitoringConfig
    from mcpstore.monitoring.dashboard import MonitoringDashboard, MonitoringExporter
    from mcpstore.monitoring.performance import ServicePerformanceMonitor
    from mcpstore.monitoring.system import SystemMetrics
    from mcpstore.store.email_handler import email_alert_handler

__all__ = [
    "Alert",
    "AlertConfig",
    "AlertLevel",
    "AlertManager",
    "AlertRule",
    "MonitoringConfig",
    "MonitoringDashboard",
    "MonitoringExporter",
    "ServiceMetrics",
    "ServicePerformanceMonitor",
    "SystemMetrics",
    "console_alert_handler",
    "email_alert_handler",
]

_HOMES = {
    "Alert": "mcpstore.models.alert",
    "AlertConfig": "mcpstore.monitoring.config",
    "AlertLevel": "mcpstore.models.alert",
    "AlertManager": "mcpstore.monitoring.alerts.manager",
    "AlertRule": "mcpstore.hooks.alert",
    "MonitoringConfig": "mcpstore.monitoring.config",
    "MonitoringDashboard": "mcpstore.monitoring.dashboard",
    "MonitoringExporter": "mcpstore.monitoring.dashboard",
    "ServiceMetrics": "mcpstore.models.metrics",
    "ServicePerformanceMonitor": "mcpstore.monitoring.performance",
    "SystemMetrics": "mcpstore.monitoring.system",
    "console_alert_handler": "mcpstore.monitoring.alerts.handlers",
    "email_alert_handler": "mcpstore.store.email_handler",
}


def __getattr__(name: str) -> object:
    return load(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
