"""Invented histories of services for reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.service import ServiceSnapshot, ServiceStatus
from mcpstore.models.state_history import StateInterval
from mcpstore.monitoring.report import Advice, Report, ServiceReport, service_report

BEGIN = 1_700_000_000.0
HOUR = 3600.0


def stretches(
    *states: tuple[State, float] | tuple[State, float, bool], begin: float = BEGIN, error: str | None = None
) -> list[StateInterval]:
    """Return intervals that follow each other: (state, seconds) or (state, seconds, wanted)."""
    result = []
    for state, seconds, *wanted in states:
        until = begin + seconds
        result.append(
            StateInterval(
                service_name="a", state=state, since=begin, until=until, duration=seconds,
                wanted=wanted[0] if wanted else True, error=error,
            )
        )  # fmt: skip
        begin = until
    return result


def sample(after: float, **fields: Any) -> MetricsSample:
    return MetricsSample(
        service_name="a", timestamp=BEGIN + after, duration=30, connection_state=State.HEALTHY, **fields
    )


def life(name: str = "a", states: Sequence[StateInterval] = (), **fields: Any) -> ServiceReport:
    state = states[-1].state if states else State.HEALTHY
    status = fields.pop("status", ServiceStatus.RUNNING)
    snapshot = ServiceSnapshot(
        name=name, status=status, run_status=status, connection_state=state, transport="stdio", tool_count=2
    )
    end = BEGIN + fields.pop("lasted", HOUR)
    return service_report(snapshot, BEGIN, end, states=states, **fields)


def ill(name: str, **fields: Any) -> ServiceReport:
    advice = Advice(summary="it is broken", evidence=("exited with code 1",), remedy="repair it")
    return life(
        name, stretches((State.HEALTHY, 600), (State.DISCONNECTED, 3000)), status=ServiceStatus.ERROR, advice=advice,
        **fields,
    )  # fmt: skip


def report(*lives: ServiceReport, **fields: Any) -> Report:
    return Report(begin=BEGIN, end=BEGIN + HOUR, location="/home/me/mcp.json", services=lives, **fields)
