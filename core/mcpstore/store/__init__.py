"""Stores and contexts, the public interface of MCPStore.

The sync store is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpstore._lazy import load
from mcpstore.models.catalog import Prompt, Resource, Tool
from mcpstore.models.service import ServiceConnectionState, ServiceInfo, ServiceSnapshot, ServiceStatus
from mcpstore.models.tool_change import ToolChange
from mcpstore.store._async import AsyncMCPStore
from mcpstore.store.arguments import Moment
from mcpstore.store.context import AsyncServiceContext
from mcpstore.store.overview import Overview, ServiceGlance
from mcpstore.store.results import CallResult, CheckResult, Diagnosis, Recovery, ToolsRefresh

if TYPE_CHECKING:
    from mcpstore.store._sync import MCPStore, ServiceContext

__all__ = [
    "AsyncMCPStore",
    "AsyncServiceContext",
    "CallResult",
    "CheckResult",
    "Diagnosis",
    "MCPStore",
    "Moment",
    "Overview",
    "Prompt",
    "Recovery",
    "Resource",
    "ServiceConnectionState",
    "ServiceContext",
    "ServiceGlance",
    "ServiceInfo",
    "ServiceSnapshot",
    "ServiceStatus",
    "Tool",
    "ToolChange",
    "ToolsRefresh",
]

_MODULES = {"MCPStore": "mcpstore.store._sync", "ServiceContext": "mcpstore.store._sync"}


def __getattr__(name: str) -> object:
    return load(__name__, _MODULES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
