"""The face of MCPStore: stores and contexts."""

from mcpstore.core.models.catalog import Prompt, Resource, Tool
from mcpstore.core.models.service import ServiceConnectionState, ServiceInfo, ServiceSnapshot, ServiceStatus
from mcpstore.store._async import AsyncMCPStore
from mcpstore.store._sync import MCPStore, ServiceContext
from mcpstore.store.context import AsyncServiceContext
from mcpstore.store.results import CallResult, CheckResult, Diagnosis, Recovery, ToolsRefresh

__all__ = [
    "AsyncMCPStore",
    "AsyncServiceContext",
    "CallResult",
    "CheckResult",
    "Diagnosis",
    "MCPStore",
    "Prompt",
    "Recovery",
    "Resource",
    "ServiceConnectionState",
    "ServiceContext",
    "ServiceInfo",
    "ServiceSnapshot",
    "ServiceStatus",
    "Tool",
    "ToolsRefresh",
]
