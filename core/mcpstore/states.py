"""Import path that the specification promises; the classes are in `mcpstore.compat.states`."""

from __future__ import annotations

from mcpstore.compat.states import (
    HealthResult,
    HealthStatusBridge,
    RefreshCause,
    ToolsUpdateMonitor,
    UnifiedServiceStateManager,
    handle_health_check_result_enhanced,
)

__all__ = [
    "HealthResult",
    "HealthStatusBridge",
    "RefreshCause",
    "ToolsUpdateMonitor",
    "UnifiedServiceStateManager",
    "handle_health_check_result_enhanced",
]
