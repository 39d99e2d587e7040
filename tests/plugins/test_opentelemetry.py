"""The plugin `opentelemetry`: spans and durations with a configured provider, and no hooks without one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import ProxyTracerProvider, SpanKind, StatusCode

import mcpstore_plugins.opentelemetry as plugin
from mcpstore.hooks import StateChange, ToolCall
from mcpstore.models.service import ServiceConnectionState, ServiceStatus, StateMetadata
from mcpstore.plugin_manager import PluginManager
from mcpstore_plugins.opentelemetry import instrumentation


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[InMemorySpanExporter, InMemoryMetricReader]]:
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracing, metering = TracerProvider(), MeterProvider(metric_readers=[reader])
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(trace, "get_tracer", tracing.get_tracer)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: tracing)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: metering)
    yield spans, reader
    tracing.shutdown()
    metering.shutdown()


def points(reader: InMemoryMetricReader) -> dict[str, list[Any]]:
    data = reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: list(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_a_call_becomes_a_span_with_its_actual_times(listening):
    spans, reader = listening
    instrumentation.mcpstore_tool_called(
        ToolCall(service="s", tool="echo", duration=0.5, ok=True, agent="x", timestamp=1000.0)
    )
    instrumentation.mcpstore_tool_called(
        ToolCall(service="s", tool="echo", duration=1.5, ok=False, error="no", timestamp=1002.0)
    )
    good, bad = spans.get_finished_spans()
    assert (good.name, good.kind) == ("tools/call echo", SpanKind.CLIENT)
    assert (good.start_time, good.end_time) == (999_500_000_000, 1_000_000_000_000)
    assert good.attributes == {
        "mcp.method.name": "tools/call", "gen_ai.tool.name": "echo", "mcpstore.service": "s", "mcpstore.agent": "x",
    }  # fmt: skip
    assert good.status.status_code is StatusCode.UNSET
    assert (bad.status.status_code, bad.status.description) == (StatusCode.ERROR, "no")
    durations = points(reader)["mcp.client.operation.duration"]
    assert {(point.attributes.get("error.type"), point.count, point.sum) for point in durations} == {
        (None, 1, 0.5),
        ("tool_error", 1, 1.5),
    }


def test_changes_of_state_are_counted(listening):
    _, reader = listening
    change = StateChange(
        service="s", old=ServiceConnectionState.HEALTHY, new=ServiceConnectionState.WARNING,
        run_status=ServiceStatus.RUNNING, metadata=StateMetadata(), monotonic=1.0, timestamp=datetime.now(UTC),
    )  # fmt: skip
    instrumentation.mcpstore_state_changed(change)
    instrumentation.mcpstore_state_changed(change)
    (point,) = points(reader)["mcpstore.state.changes"]
    assert (point.value, point.attributes["mcpstore.state"]) == (2, "warning")


@pytest.fixture
def reloaded() -> Callable[[], PluginManager]:
    def reload() -> PluginManager:
        for name in ("mcpstore_state_changed", "mcpstore_tool_called"):
            vars(plugin).pop(name, None)
        importlib.reload(plugin)
        manager = PluginManager(entry_points=list, plugins={"opentelemetry": plugin})
        manager.discover()
        return manager

    return reload


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(plugin.os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(trace, "get_tracer_provider", ProxyTracerProvider)


def test_without_a_configured_provider_no_call_hook_is_registered(unset, reloaded):
    manager = reloaded()
    assert not manager.has_hook("mcpstore_tool_called")
    assert manager.list()["opentelemetry"].status == "active"


def test_without_the_sdk_no_hook_is_registered(unset, reloaded, monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "x")
    assert reloaded().has_hook("mcpstore_tool_called")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "opentelemetry.sdk" else object())
    assert not reloaded().has_hook("mcpstore_tool_called")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert not reloaded().has_hook("mcpstore_tool_called")


def test_a_provider_set_in_code_enables_the_hooks(listening, reloaded):
    assert reloaded().has_hook("mcpstore_tool_called")
    assert reloaded().has_hook("mcpstore_state_changed")
