"""What conditions and messages can look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.core.models.machine import MachineMetrics
from mcpstore.core.models.metrics import ServiceMetrics
from mcpstore.core.models.service import ServiceConnectionState

__all__ = ["OF_A_SERVICE", "OF_THE_MANAGER", "manager_fields", "service_fields"]

OF_A_SERVICE: Final = frozenset(
    {field.name for field in attrs.fields(ServiceMetrics)} | {"memory_percent", "tool_changes", "trouble"}
)
"""The fields of `ServiceMetrics`; memory in per cent of this machine's; what changed of its tools lately, in words; and
what is wrong with it, in words."""

OF_THE_MANAGER: Final = frozenset(
    {field.name for field in attrs.fields(MachineMetrics)}
    | {"service_name", "services", "mass_failure", "stalled", "failing_rules", "trouble"}
)
"""The fields of `MachineMetrics`; how many services there are; whether so many fail at once that the fault must be
ours; seconds since the manager stood still; the rules that raise; and what is wrong, in words."""


def service_fields(
    metrics: ServiceMetrics, machine: MachineMetrics | None = None, tool_changes: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return what rules about a service look at.

    Args:
        metrics: What was measured of it.
        machine: What was measured of this machine last.
        tool_changes: What changed of its tools lately.
    """
    fields: dict[str, Any] = {name: getattr(metrics, name) for name in metrics}  # dict() asks for each field twice
    total = machine.memory_total if machine else 0
    used = metrics.memory_bytes
    fields["memory_percent"] = 100 * used / total if used is not None and total else None
    fields["tool_changes"] = list(tool_changes)
    fields["trouble"] = _trouble(metrics)
    return fields


def manager_fields(
    machine: MachineMetrics | None,
    *,
    services: int,
    mass_failure: bool = False,
    stalled: float = float("inf"),
    failing_rules: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what rules about the manager look at.

    Args:
        machine: What was measured of this machine last; nothing if that is not known.
        services: How many services there are.
        mass_failure: Whether so many of them fail at once that the fault must be ours.
        stalled: Seconds since the manager stood still.
        failing_rules: What rules raised, by their names.
    """
    known = dict.fromkeys((field.name for field in attrs.fields(MachineMetrics)), None)
    troubles = ["most services fail at once, so the fault is likely here"] if mass_failure else []
    if stalled < LATELY:
        troubles.append(f"this process stood still {stalled:.0f} s ago")
    return {
        **known,
        **(dict(machine) if machine else {}),
        "service_name": "the manager",
        "services": services,
        "mass_failure": mass_failure,
        "stalled": stalled,
        "failing_rules": [f"{name}: {what}" for name, what in sorted((failing_rules or {}).items())],
        "trouble": "; ".join(troubles),
    }


LATELY: Final = 60.0
"""Seconds for which a manager that stood still is not trusted."""


def _trouble(metrics: ServiceMetrics) -> str:
    if metrics.connection_state is ServiceConnectionState.RECONNECTING:
        return metrics.last_error or "it is being opened again"
    return metrics.last_error or metrics.reason or str(metrics.connection_state)
