"""Spans and metrics by OpenTelemetry's semantic conventions for MCP.

The hooks are called after a tool call, in a thread of the plugin. So they do not delay the call; the span has the real
start and end times.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import attrs
from opentelemetry import metrics, trace
from opentelemetry.metrics import Counter, Histogram, MeterProvider
from opentelemetry.trace import ProxyTracerProvider, SpanKind, Status, StatusCode

from mcpstore.hooks import StateChange, ToolCall, hookimpl

__all__ = ["has_provider", "mcpstore_state_changed", "mcpstore_tool_called"]

SCOPE: Final = "mcpstore"
METHOD: Final = "tools/call"


@attrs.frozen
class _Instruments:
    """Metric instruments of a provider."""

    duration: Histogram
    changes: Counter


def has_provider() -> bool:
    """Whether a tracer provider has been set."""
    return not isinstance(trace.get_tracer_provider(), ProxyTracerProvider)


@hookimpl
def mcpstore_tool_called(call: ToolCall) -> None:
    """Export a span of the call, and record its duration."""
    attributes = {"mcp.method.name": METHOD, "gen_ai.tool.name": call.tool, "mcpstore.service": call.service}
    end = round(call.timestamp * 1e9)
    span = trace.get_tracer(SCOPE).start_span(
        f"{METHOD} {call.tool}",
        kind=SpanKind.CLIENT,
        attributes=attributes if call.agent is None else {**attributes, "mcpstore.agent": call.agent},
        start_time=end - round(call.duration * 1e9),
    )
    if not call.ok:
        span.set_status(Status(StatusCode.ERROR, call.error))
    span.end(end)
    duration = _instruments(metrics.get_meter_provider()).duration
    duration.record(call.duration, attributes if call.ok else {**attributes, "error.type": "tool_error"})


@hookimpl
def mcpstore_state_changed(change: StateChange) -> None:
    """Count a change of the connection state."""
    changes = _instruments(metrics.get_meter_provider()).changes
    changes.add(1, {"mcpstore.service": change.service, "mcpstore.state": change.new.value})


@lru_cache(maxsize=4)
def _instruments(provider: MeterProvider) -> _Instruments:
    """Return the instruments of a provider; they are created once."""
    meter = provider.get_meter(SCOPE)
    return _Instruments(
        meter.create_histogram("mcp.client.operation.duration", unit="s", description="Duration of calls"),
        meter.create_counter("mcpstore.state.changes", description="Changes of connection states"),
    )
