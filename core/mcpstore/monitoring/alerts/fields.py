"""Fields that conditions and messages of rules can use."""

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
    "memory_percent": (float, "Memory of its process tree, in per cent of the memory of this machine."),
    "tool_changes": (list, "Descriptions of recent changes of its tools."),
    "trouble": (str, "Description of its problem."),
}
"""Fields besides those of `ServiceMetrics`, with their types and descriptions."""

MORE_OF_THE_MANAGER: Final[Mapping[str, tuple[type[Any], str]]] = {
    "service_name": (str, 'Always "the manager".'),
    "services": (int, "Number of services."),
    "mass_failure": (bool, "Whether most services fail at once, so that the cause is likely on this machine."),
    "stalled": (float, "Seconds since the manager was stalled; infinite if it never was."),
    "failing_rules": (list, "Rules that cannot be evaluated, with the reasons."),
    "trouble": (str, "Description of the problem."),
}
"""Fields besides those of `HostMetrics`, with their types and descriptions."""

OF_A_SERVICE: Final = frozenset({field.name for field in attrs.fields(ServiceMetrics)} | MORE_OF_A_SERVICE.keys())
OF_THE_MANAGER: Final = frozenset({field.name for field in attrs.fields(HostMetrics)} | MORE_OF_THE_MANAGER.keys())
"""Names of all fields."""


def service_fields(
    metrics: ServiceMetrics, machine: HostMetrics | None = None, tool_changes: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the fields of a service.

    Args:
        metrics: Metrics of the service.
        machine: Last metrics of this machine.
        tool_changes: Descriptions of recent changes of its tools.
    """
    fields: dict[str, Any] = {name: getattr(metrics, name) for name in metrics}  # dict() reads each field twice
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
    """Return the fields of the manager.

    Args:
        machine: Last metrics of this machine; None if there are none yet.
        services: Number of services.
        mass_failure: Whether most services fail at once.
        stalled: Time since the manager was stalled, in seconds.
        failing_rules: Errors of rules that cannot be evaluated, by the names of the rules.
    """
    known = dict.fromkeys((field.name for field in attrs.fields(HostMetrics)), None)
    problems = ["most services fail at once, so the fault is likely here"] if mass_failure else []
    if stalled < STALL_MEMORY:
        problems.append(f"the manager was stalled {stalled:.0f} s ago")
    return {
        **known,
        **(dict(machine) if machine else {}),
        "service_name": "the manager",
        "services": services,
        "mass_failure": mass_failure,
        "stalled": stalled,
        "failing_rules": [f"{name}: {error}" for name, error in sorted((failing_rules or {}).items())],
        "trouble": "; ".join(problems),
    }


STALL_MEMORY: Final = 60.0
"""Time for which the manager counts as degraded after it was stalled, in seconds."""


def _trouble(metrics: ServiceMetrics) -> str:
    if metrics.connection_state is ServiceConnectionState.RECONNECTING:
        return metrics.last_error or "it is being opened again"
    return metrics.last_error or metrics.reason or str(metrics.connection_state)
