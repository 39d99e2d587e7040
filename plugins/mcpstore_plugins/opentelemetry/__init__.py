"""Spans and metrics of calls for OpenTelemetry, where it is in use; anywhere else, this costs nothing.

It is in use where its SDK is installed (`mcpstore-manager[opentelemetry]`) and somebody has set it up before the store
is opened: by the variables `OTEL_…`, as `opentelemetry-instrument` reads them, or by a provider set in code.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

__all__ = ["is_in_use"]


def is_in_use() -> bool:
    """Whether anybody would see what is told."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        return False
    if any(name.startswith("OTEL_") for name in os.environ):
        return True
    # Providers can only have been set by somebody who has loaded these.
    if "opentelemetry.trace" not in sys.modules and "opentelemetry.metrics" not in sys.modules:
        return False
    from mcpstore_plugins.opentelemetry.instrumentation import has_provider  # noqa: PLC0415 - loads what was loaded anyway

    return has_provider()


# A hook that exists is told of every call, so these exist only where somebody listens.
if is_in_use():
    from mcpstore_plugins.opentelemetry.instrumentation import mcpstore_state_changed, mcpstore_tool_called

    __all__ += ["mcpstore_state_changed", "mcpstore_tool_called"]
