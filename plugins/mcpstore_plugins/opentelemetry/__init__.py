"""OpenTelemetry spans and metrics of tool calls.

The plugin is active if the SDK is installed (`mcpstore-manager[opentelemetry]`) and configured before the store is
opened: by variables `OTEL_…`, as `opentelemetry-instrument` reads them, or by a provider set in code. Otherwise it
costs nothing.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

__all__ = ["is_in_use"]


def is_in_use() -> bool:
    """Whether OpenTelemetry is installed and configured."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        return False
    if any(name.startswith("OTEL_") for name in os.environ):
        return True
    # A provider can only be set by code that has loaded one of these modules.
    if "opentelemetry.trace" not in sys.modules and "opentelemetry.metrics" not in sys.modules:
        return False
    from mcpstore_plugins.opentelemetry.instrumentation import has_provider  # noqa: PLC0415 - its imports are already loaded

    return has_provider()


# A hook that exists is called at every tool call, so these exist only where OpenTelemetry is in use.
if is_in_use():
    from mcpstore_plugins.opentelemetry.instrumentation import mcpstore_state_changed, mcpstore_tool_called

    __all__ += ["mcpstore_state_changed", "mcpstore_tool_called"]
