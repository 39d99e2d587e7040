"""The reference of everything a configuration can say about a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from _reference.docstrings import entries, first_sentence

from mcpstore.config.extension import KEY, OwnSettings, OwnTimeouts
from mcpstore.monitoring.config import (
    AlertConfig,
    AlertHandlerConfig,
    AlertRuleConfig,
    DataCollection,
    MonitoringConfig,
    PerformanceMonitoring,
    ServiceMonitoring,
    ToolMonitoring,
)
from mcpstore.plugin_manager import PluginManager
from mcpstore.plugin_manager.manager import ALL_THIRD_PARTY

SECTIONS = (
    ("transport", "Transports", "Settings of an entry, by the transport that opens it."),
    ("health strategy", "Health strategies", f"Options of `{KEY}.health`."),
    ("recovery policy", "Recovery policies", f"Options of `{KEY}.recovery`."),
    ("history backend", "History backends", f"Options of `{KEY}.history` at the top of a configuration."),
    ("exporter", "Exporters", f"Settings below `{KEY}.exporters` at the top of a configuration."),
    ("alert handler", "Alert handlers", f"Settings of an item of `{KEY}.monitoring.alerts.handlers`, beside its own."),
)
MONITORING = (
    ("service_monitoring", ServiceMonitoring),
    ("performance_monitoring", PerformanceMonitoring),
    ("tool_monitoring", ToolMonitoring),
    ("data_collection", DataCollection),
    ("alerts", AlertConfig),
    ("alerts.rules", AlertRuleConfig),
    ("alerts.handlers", AlertHandlerConfig),
)


def page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    plugins = PluginManager(block=[ALL_THIRD_PARTY])
    plugins.discover()
    yield "# Settings"
    yield ""
    yield "What an entry of a configuration can say. Every client's own spelling of the common ones is understood, too."
    yield ""
    yield f"## Our own, under `{KEY}`"
    yield ""
    yield from _model(OwnSettings)
    yield f"### `{KEY}.timeouts`"
    yield ""
    yield from _model(OwnTimeouts)
    yield f"## Monitoring, under `{KEY}.monitoring` at the top of a configuration"
    yield ""
    yield "The same fields are those of `mcpstore.monitoring.MonitoringConfig`."
    yield ""
    yield from _model(MonitoringConfig)
    for where, model in MONITORING:
        yield f"### `{where}`"
        yield ""
        yield from _model(model)
    for family, title, told in SECTIONS:
        yield f"## {title}"
        yield ""
        yield told
        yield ""
        for name, offer in sorted(plugins.offers(family).items()):
            yield f"### `{name}`"
            yield ""
            yield from _model(offer.config)


def _model(model: Any) -> Iterator[str]:
    yield first_sentence(model)
    yield ""
    if not model.model_fields:
        return
    told = entries(model, "Attributes")
    yield "| setting | default | |"
    yield "|---|---|---|"
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else f"`{_default(field)}`"
        yield f"| `{field.alias or name}` | {default} | {told.get(name, field.description or '')} |"
    yield ""


def _default(field: Any) -> Any:
    value = field.get_default(call_default_factory=True)
    if value is None or hasattr(value, "model_fields"):
        return "none"
    if isinstance(value, tuple):
        return "[]" if not value else ", ".join(getattr(item, "type", str(item)) for item in value)
    return getattr(value, "value", value)
