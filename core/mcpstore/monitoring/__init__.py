"""Monitoring and alerting: what is measured of services, who is told, and how it is shown.

Every name is loaded when it is first used, so that a store that needs none of it loads none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcpstore.core.models.alert import Alert, AlertLevel
    from mcpstore.core.models.metrics import ServiceMetrics
    from mcpstore.monitoring.config import AlertConfig, MonitoringConfig
    from mcpstore.monitoring.dashboard import MonitoringDashboard, MonitoringExporter
    from mcpstore.monitoring.performance import ServicePerformanceMonitor
    from mcpstore.monitoring.system import SystemMetrics

__all__ = [
    "Alert",
    "AlertConfig",
    "AlertLevel",
    "MonitoringConfig",
    "MonitoringDashboard",
    "MonitoringExporter",
    "ServiceMetrics",
    "ServicePerformanceMonitor",
    "SystemMetrics",
]

_HOMES = {
    "Alert": "mcpstore.core.models.alert",
    "AlertConfig": "mcpstore.monitoring.config",
    "AlertLevel": "mcpstore.core.models.alert",
    "MonitoringConfig": "mcpstore.monitoring.config",
    "MonitoringDashboard": "mcpstore.monitoring.dashboard",
    "MonitoringExporter": "mcpstore.monitoring.dashboard",
    "ServiceMetrics": "mcpstore.core.models.metrics",
    "ServicePerformanceMonitor": "mcpstore.monitoring.performance",
    "SystemMetrics": "mcpstore.monitoring.system",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mcpstore.monitoring' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(home), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
