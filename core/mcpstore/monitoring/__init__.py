"""Monitoring and alerting: settings, metrics, alert rules, reports, and the classes that the specification names.

`AlertManager`, `MonitoringDashboard`, `MonitoringExporter`, `ServicePerformanceMonitor`, `console_alert_handler` and
`email_alert_handler` are names that the specification promises at this import path; they are defined in
`mcpstore.compat`. Each name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpstore._lazy import load

if TYPE_CHECKING:
    from mcpstore.compat.alert_manager import AlertManager
    from mcpstore.compat.console_handler import console_alert_handler
    from mcpstore.compat.dashboard import MonitoringDashboard, MonitoringExporter
    from mcpstore.compat.email_handler import email_alert_handler
    from mcpstore.compat.performance import ServicePerformanceMonitor
    from mcpstore.hooks.alert import AlertRule
    from mcpstore.models.alert import Alert, AlertLevel
    from mcpstore.models.metrics import ServiceMetrics
    from mcpstore.monitoring.config import AlertConfig, MonitoringConfig
    from mcpstore.monitoring.system import SystemMetrics

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

_MODULES = {
    "Alert": "mcpstore.models.alert",
    "AlertConfig": "mcpstore.monitoring.config",
    "AlertLevel": "mcpstore.models.alert",
    "AlertManager": "mcpstore.compat.alert_manager",
    "AlertRule": "mcpstore.hooks.alert",
    "MonitoringConfig": "mcpstore.monitoring.config",
    "MonitoringDashboard": "mcpstore.compat.dashboard",
    "MonitoringExporter": "mcpstore.compat.dashboard",
    "ServiceMetrics": "mcpstore.models.metrics",
    "ServicePerformanceMonitor": "mcpstore.compat.performance",
    "SystemMetrics": "mcpstore.monitoring.system",
    "console_alert_handler": "mcpstore.compat.console_handler",
    "email_alert_handler": "mcpstore.compat.email_handler",
}


def __getattr__(name: str) -> object:
    return load(__name__, _MODULES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
