"""The face of MCPStore: stores and contexts.

The stores for programs without an event loop are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpstore._lazy import load
from mcpstore.models.catalog import Prompt, Resource, Tool
from mcpstore.models.service import ServiceConnectionState, ServiceInfo, ServiceSnapshot, ServiceStatus
from mcpstore.models.tool_change import ToolChange
from mcpstore.store._async import AsyncMCPStore
from mcpstore.store.context import AsyncServiceContext
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
    "Prompt",
    "Recovery",
    "Resource",
    "ServiceConnectionState",
    "ServiceContext",
    "ServiceInfo",
    "ServiceSnapshot",
    "ServiceStatus",
    "Tool",
    "ToolChange",
    "ToolsRefresh",
]

_HOMES = {"MCPStore": "mcpstore.store._sync", "ServiceContext": "mcpstore.store._sync"}


def __getattr__(name: str) -> object:
    return load(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
