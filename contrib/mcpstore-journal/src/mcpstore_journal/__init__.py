"""Journal of all events of a store: one JSON object a line, in the file that `MCPSTORE_JOURNAL` names."""

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


def _write(event: str, **fields: Any) -> None:
    if path := os.environ.get("MCPSTORE_JOURNAL"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **fields}) + "\n")


# The hooks are plain functions, because writing blocks: MCPStore calls them in a thread of this plugin.


@hookimpl
def mcpstore_store_started() -> None:
    """Record that the store has started."""
    _write("store started")


@hookimpl
def mcpstore_store_stopped() -> None:
    """Record that the store has stopped."""
    _write("store stopped")


@hookimpl
def mcpstore_service_added(service: ServiceSnapshot) -> None:
    """Record a new service."""
    _write("service added", service=service.name, transport=service.transport)


@hookimpl
def mcpstore_service_updated(service: ServiceSnapshot) -> None:
    """Record a changed configuration of a service."""
    _write("service updated", service=service.name)


@hookimpl
def mcpstore_service_removed(name: str) -> None:
    """Record that a service was removed."""
    _write("service removed", service=name)


@hookimpl
def mcpstore_state_changed(change: StateChange) -> None:
    """Record a change of the connection state."""
    _write("state changed", service=change.service, old=change.old, new=change.new)


@hookimpl
def mcpstore_tools_changed(service: str, tools: NamedList[Tool]) -> None:
    """Record the present tools of a service."""
    _write("tools changed", service=service, tools=[tool.name for tool in tools])


@hookimpl
def mcpstore_tool_called(call: ToolCall) -> None:
    """Record a tool call, without arguments and results, which may contain secrets."""
    _write("tool called", service=call.service, tool=call.tool, ok=call.ok, duration=call.duration)


@hookimpl
def mcpstore_alert_fired(alert: Alert) -> None:
    """Record an alert."""
    _write("alert fired", service=alert.service, rule=alert.rule_name, message=alert.message)


@hookimpl
def mcpstore_alert_resolved(alert: Alert) -> None:
    """Record the end of an alert."""
    _write("alert resolved", service=alert.service, rule=alert.rule_name, message=alert.message)
