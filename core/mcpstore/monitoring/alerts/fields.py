"""What conditions and messages can look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import ServiceConnectionState

__all__ = [
    "MORE_OF_A_SERVICE",
    "MORE_OF_THE_MANAGER",
    "OF_A_SERVICE",
    "OF_THE_MANAGER",
    "manager_fields",
    "service_fields",
]

MORE_OF_A_SERVICE: Final[Mapping[str, tuple[type[Any], str]]] = {
    "memory_percent": (float, "Memory its process tree occupies, in per cent of this machine's."),
    "tool_changes": (list, "What changed of its tools lately, in words."),
    "trouble": (str, "What is wrong with it, in words."),
}
"""What rules look at besides the fields of `ServiceMetrics`: of which type it is, and what it says."""

MORE_OF_THE_MANAGER: Final[Mapping[str, tuple[type[Any], str]]] = {
    "service_name": (str, 'Always "the manager".'),
    "services": (int, "How many services there are."),
    "mass_failure": (bool, "Whether so many of them fail at once that the fault must be ours."),
    "stalled": (float, "Seconds since the manager stood still; infinite if it never did."),
    "failing_rules": (list, "The rules that cannot be evaluated, and why, in words."),
    "trouble": (str, "What is wrong, in words."),
}
"""What rules look at besides the fields of `HostMetrics`."""

OF_A_SERVICE: Final = frozenset({field.name for field in attrs.fields(ServiceMetrics)} | MORE_OF_A_SERVICE.keys())
OF_THE_MANAGER: Final = frozenset({field.name for field in attrs.fields(HostMetrics)} | MORE_OF_THE_MANAGER.keys())
"""The fields there are."""


def service_fields(
    metrics: ServiceMetrics, machine: HostMetrics | None = None, tool_changes: tuple[str, ...] = ()
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
    machine: HostMetrics | None,
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
    known = dict.fromkeys((field.name for field in attrs.fields(HostMetrics)), None)
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
