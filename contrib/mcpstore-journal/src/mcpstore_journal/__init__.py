"""Writes down everything that happens to a store, one JSON object a line, where `MCPSTORE_JOURNAL` says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpstore.hooks import Alert, StateChange, ToolCall, hookimpl

if TYPE_CHECKING:
    from mcpstore.models.catalog import Tool
    from mcpstore.models.record import NamedList
    from mcpstore.models.service import ServiceSnapshot

__all__: list[str] = []

mcpstore_api = ">=1.0,<2"


def _write(event: str, **about: Any) -> None:
    if path := os.environ.get("MCPSTORE_JOURNAL"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **about}) + "\n")


# Plain functions: writing blocks, so each runs in the thread that this plugin has for itself.


@hookimpl
def mcpstore_store_started() -> None:
    """Write it down."""
    _write("store started")


@hookimpl
def mcpstore_store_stopped() -> None:
    """Write it down."""
    _write("store stopped")


@hookimpl
def mcpstore_service_added(service: ServiceSnapshot) -> None:
    """Write it down."""
    _write("service added", service=service.name, transport=service.transport)


@hookimpl
def mcpstore_service_updated(service: ServiceSnapshot) -> None:
    """Write it down."""
    _write("service updated", service=service.name)


@hookimpl
def mcpstore_service_removed(name: str) -> None:
    """Write it down."""
    _write("service removed", service=name)


@hookimpl
def mcpstore_state_changed(change: StateChange) -> None:
    """Write it down."""
    _write("state changed", service=change.service, old=change.old, new=change.new)


@hookimpl
def mcpstore_tools_changed(service: str, tools: NamedList[Tool]) -> None:
    """Write it down."""
    _write("tools changed", service=service, tools=[tool.name for tool in tools])


@hookimpl
def mcpstore_tool_called(call: ToolCall) -> None:
    """Write it down, without arguments and results: they may hold anything."""
    _write("tool called", service=call.service, tool=call.tool, ok=call.ok, duration=call.duration)


@hookimpl
def mcpstore_alert_fired(alert: Alert) -> None:
    """Write it down."""
    _write("alert fired", service=alert.service, rule=alert.rule_name, message=alert.message)


@hookimpl
def mcpstore_alert_resolved(alert: Alert) -> None:
    """Write it down."""
    _write("alert resolved", service=alert.service, rule=alert.rule_name, message=alert.message)
