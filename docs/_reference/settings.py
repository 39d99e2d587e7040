"""The reference of settings: of a service, of monitoring, of each plugin, and the durations of the lifecycle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from _lifecycle.reasons import REASONS
from _reference.docstrings import entries, first_sentence

from mcpstore.config.extension import KEY, ExtensionTimeouts, ServiceExtension
from mcpstore.models.timing import DEFAULT_TIMING
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
    ("transport", "Transports", "Settings of an entry, for each transport."),
    ("health strategy", "Health strategies", f"Options of `{KEY}.health`."),
    ("recovery policy", "Recovery policies", f"Options of `{KEY}.recovery`."),
    ("history backend", "History backends", f"Options of `{KEY}.history` at the top of a configuration."),
    ("exporter", "Exporters", f"Settings below `{KEY}.exporters` at the top of a configuration."),
    (
        "alert handler",
        "Alert handlers",
        f"Settings of an item of `{KEY}.monitoring.alerts.handlers`, besides its own.",
    ),
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
    yield "Settings of a configuration, with their defaults as JSON. *unset* means that a more general setting applies,"
    yield "or the default of the transport. The spellings that other clients use for common settings are read, too; see"
    yield "[Write a configuration](../how-to/write-a-configuration.md)."
    yield ""
    yield f"## `{KEY}` (in an entry)"
    yield ""
    yield from _model(ServiceExtension)
    yield f"### `{KEY}.timeouts`"
    yield ""
    yield from _model(ExtensionTimeouts)
    yield f"## `{KEY}.monitoring` (at the top of a configuration)"
    yield ""
    yield "`mcpstore.monitoring.MonitoringConfig` has the same fields."
    yield ""
    yield from _model(MonitoringConfig)
    for where, model in MONITORING:
        yield f"### `{where}`"
        yield ""
        yield from _model(model)
    for kind, title, text in SECTIONS:
        yield f"## {title}"
        yield ""
        yield text
        yield ""
        for name, offer in sorted(plugins.offers(kind).items()):
            yield f"### `{name}`"
            yield ""
            yield from _model(offer.config)
    yield "## Timing"
    yield ""
    yield "Durations and counts of the lifecycle: the fields of `mcpstore.models.timing.Timing`, which a program passes"
    yield "as `MCPStore(timing=Timing(…))`. Durations are in seconds. [Lifecycle](../explanation/lifecycle.md) gives"
    yield "the reason for each value."
    yield ""
    yield "| field | default | |"
    yield "|---|---|---|"
    for name, (_, text, _) in REASONS.items():
        yield f"| `{name}` | `{getattr(DEFAULT_TIMING, name)}` | {text[0].upper()}{text[1:]}. |"


def _model(model: Any) -> Iterator[str]:
    yield first_sentence(model)
    yield ""
    if not model.model_fields:
        return
    texts = entries(model, "Attributes")
    yield "| setting | default | |"
    yield "|---|---|---|"
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field)
        yield f"| `{field.alias or name}` | {default} | {texts.get(name, field.description or '')} |"
    yield ""


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "*unset*"
    if hasattr(value, "model_fields"):
        return "its own defaults"
    if isinstance(value, tuple | list) and any(hasattr(item, "model_fields") for item in value):
        return ", ".join(f"`{getattr(item, 'type', item)}`" for item in value)
    return f"`{json.dumps(getattr(value, 'value', value))}`"
