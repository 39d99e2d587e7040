"""MCPStore: a pluggable manager for MCP services.

`import mcpstore` is cheap: each name below is loaded when it is first used. Beside the stores, these are the types that
programs annotate with: whatever the verbs of a store take or return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpstore._lazy import load
from mcpstore._version import __version__

if TYPE_CHECKING:
    from mcpstore.core.health_mapping import HealthResult
    from mcpstore.errors import MCPStoreError
    from mcpstore.hooks import hookimpl
    from mcpstore.hooks.alert import AlertRule
    from mcpstore.hooks.connection import ProgressFn
    from mcpstore.hooks.persistence import Problem
    from mcpstore.models.alert import Alert, AlertKind, AlertLevel, Silence
    from mcpstore.models.buffer import Buffer
    from mcpstore.models.catalog import Prompt, Resource, Tool
    from mcpstore.models.host import HostMetrics
    from mcpstore.models.metrics import MetricsSample, ServiceMetrics, ToolMetrics
    from mcpstore.models.record import NamedList, Record
    from mcpstore.models.service import (
        Reason,
        ServiceConnectionState,
        ServiceInfo,
        ServiceSnapshot,
        ServiceStatus,
        StateMetadata,
    )
    from mcpstore.models.state_history import StateInterval
    from mcpstore.models.timing import Timing
    from mcpstore.models.tool_change import ToolChange
    from mcpstore.monitoring.config import AlertConfig, MonitoringConfig
    from mcpstore.plugin_manager import PluginInfo
    from mcpstore.plugin_manager.info import PluginStatus
    from mcpstore.runtime.alerting.channel import ChannelStatus
    from mcpstore.runtime.clock import Clock
    from mcpstore.runtime.logs import LogLine
    from mcpstore.runtime.service_history import PastCheck
    from mcpstore.runtime.subscriptions import AlertCallback, StateCallback, Subscription
    from mcpstore.store import (
        AsyncMCPStore,
        AsyncServiceContext,
        CallResult,
        CheckResult,
        Diagnosis,
        MCPStore,
        Moment,
        Overview,
        Recovery,
        ServiceContext,
        ServiceGlance,
        ToolsRefresh,
    )

__all__ = [
    "Alert",
    "AlertCallback",
    "AlertConfig",
    "AlertKind",
    "AlertLevel",
    "AlertRule",
    "AsyncMCPStore",
    "AsyncServiceContext",
    "Buffer",
    "CallResult",
    "ChannelStatus",
    "CheckResult",
    "Clock",
    "Diagnosis",
    "HealthResult",
    "HostMetrics",
    "LogLine",
    "MCPStore",
    "MCPStoreError",
    "MetricsSample",
    "Moment",
    "MonitoringConfig",
    "NamedList",
    "Overview",
    "PastCheck",
    "PluginInfo",
    "PluginStatus",
    "Problem",
    "ProgressFn",
    "Prompt",
    "Reason",
    "Record",
    "Recovery",
    "Resource",
    "ServiceConnectionState",
    "ServiceContext",
    "ServiceGlance",
    "ServiceInfo",
    "ServiceMetrics",
    "ServiceSnapshot",
    "ServiceStatus",
    "Silence",
    "StateCallback",
    "StateInterval",
    "StateMetadata",
    "Subscription",
    "Timing",
    "Tool",
    "ToolChange",
    "ToolMetrics",
    "ToolsRefresh",
    "__version__",
    "hookimpl",
]

_MODULES = {
    "Alert": "mcpstore.models.alert",
    "AlertCallback": "mcpstore.runtime.subscriptions",
    "AlertConfig": "mcpstore.monitoring.config",
    "AlertKind": "mcpstore.models.alert",
    "AlertLevel": "mcpstore.models.alert",
    "AlertRule": "mcpstore.hooks.alert",
    "AsyncMCPStore": "mcpstore.store",
    "AsyncServiceContext": "mcpstore.store",
    "Buffer": "mcpstore.models.buffer",
    "CallResult": "mcpstore.store",
    "ChannelStatus": "mcpstore.runtime.alerting.channel",
    "CheckResult": "mcpstore.store",
    "Clock": "mcpstore.runtime.clock",
    "Diagnosis": "mcpstore.store",
    "HealthResult": "mcpstore.core.health_mapping",
    "HostMetrics": "mcpstore.models.host",
    "LogLine": "mcpstore.runtime.logs",
    "MCPStore": "mcpstore.store",
    "MCPStoreError": "mcpstore.errors",
    "MetricsSample": "mcpstore.models.metrics",
    "Moment": "mcpstore.store",
    "MonitoringConfig": "mcpstore.monitoring.config",
    "NamedList": "mcpstore.models.record",
    "Overview": "mcpstore.store",
    "PastCheck": "mcpstore.runtime.service_history",
    "PluginInfo": "mcpstore.plugin_manager",
    "PluginStatus": "mcpstore.plugin_manager.info",
    "Problem": "mcpstore.hooks.persistence",
    "ProgressFn": "mcpstore.hooks.connection",
    "Prompt": "mcpstore.models.catalog",
    "Reason": "mcpstore.models.service",
    "Record": "mcpstore.models.record",
    "Recovery": "mcpstore.store",
    "Resource": "mcpstore.models.catalog",
    "ServiceConnectionState": "mcpstore.models.service",
    "ServiceContext": "mcpstore.store",
    "ServiceGlance": "mcpstore.store",
    "ServiceInfo": "mcpstore.models.service",
    "ServiceMetrics": "mcpstore.models.metrics",
    "ServiceSnapshot": "mcpstore.models.service",
    "ServiceStatus": "mcpstore.models.service",
    "Silence": "mcpstore.models.alert",
    "StateCallback": "mcpstore.runtime.subscriptions",
    "StateInterval": "mcpstore.models.state_history",
    "StateMetadata": "mcpstore.models.service",
    "Subscription": "mcpstore.runtime.subscriptions",
    "Timing": "mcpstore.models.timing",
    "Tool": "mcpstore.models.catalog",
    "ToolChange": "mcpstore.models.tool_change",
    "ToolMetrics": "mcpstore.models.metrics",
    "ToolsRefresh": "mcpstore.store",
    "hookimpl": "mcpstore.hooks",
}


def __getattr__(name: str) -> object:
    return load(__name__, _MODULES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
