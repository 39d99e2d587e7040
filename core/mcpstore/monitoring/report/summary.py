"""Texts that all formats of a report share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mcpstore.models.alert import Alert
from mcpstore.models.service import ServiceStatus
from mcpstore.models.text import counted
from mcpstore.monitoring.report.formatting import NO_VALUE, duration, memory, milliseconds, percent, when
from mcpstore.monitoring.report.records import Outage, Report, ServiceReport
from mcpstore.monitoring.report.state_bands import KINDS

__all__ = [
    "COLUMNS",
    "NOT_WATCHED",
    "UNKNOWN",
    "alert_words",
    "cells",
    "headline",
    "incident_words",
    "needing_action",
    "period",
    "state_words",
    "summary",
]

UNKNOWN: Final = "unknown"
"""Shown as the state of a service while no manager runs."""

NOT_WATCHED: Final = "No manager is running: the current state of the services is unknown."

COLUMNS: Final = (
    "SERVICE",
    "CONNECTION",
    "AVAILABILITY",
    "RESTARTS",
    "CALLS",
    "ERRORS",
    "P50",
    "P95",
    "P99",
    "CPU",
    "MEMORY",
)


def period(report: Report) -> str:
    """Return the period of a report as text."""
    until = when(report.end, since=report.begin)
    return f"{when(report.begin)} to {until} ({duration(report.end - report.begin)})"


def summary(report: Report) -> list[tuple[str, str]]:
    """Return the totals of all services, each with its label."""
    running = sum(1 for service in report.services if service.status is ServiceStatus.RUNNING)
    fired = len({(alert.incident, alert.rule_name, alert.service) for alert in report.alerts})
    return [
        ("services running", f"{running if report.watched else 'unknown,'} of {len(report.services)}"),
        ("availability", percent(report.availability)),
        ("calls", f"{report.calls:,}".replace(",", " ")),
        ("errors", percent(report.error_rate)),
        ("incidents", str(report.incidents)),
        ("alerts", f"{fired}, {len(report.active)} active" if report.active else str(fired)),
    ]


def cells(service: ServiceReport) -> list[str]:
    """Return the row of a service, one cell for each of `COLUMNS`."""
    metrics = service.metrics
    cpu = metrics.cpu_percent if metrics is not None else None
    return [
        service.name,
        str(service.connection_state) if service.watched else UNKNOWN,
        percent(service.availability),
        str(service.restarts),
        str(service.calls),
        percent(service.error_rate),
        *map(milliseconds, (service.p50, service.p95, service.p99)),
        NO_VALUE if cpu is None else f"{cpu:.1f} %",
        memory(metrics.memory_bytes if metrics is not None else None),
    ]


def state_words(service: ServiceReport) -> list[tuple[str, str]]:
    """Return the time that a service spent in each state, as text."""
    whole = sum(service.time_in.values()) or 1.0
    spent = [(kind, service.time_in[kind]) for kind in KINDS if kind in service.time_in]
    return [(kind, f"{duration(seconds)} ({percent(100 * seconds / whole)})") for kind, seconds in spent]


def incident_words(incident: Outage, report: Report) -> str:
    """Return an incident as text."""
    path = " → ".join(incident.states)
    lasted = duration(incident.duration)
    ended = f"for {lasted}" if incident.end is not None else f"for {lasted} so far"
    error = f" ({incident.error})" if incident.error else ""
    return f"{when(incident.begin, since=report.begin)}: {path}, {ended}{error}"


def alert_words(alert: Alert) -> str:
    """Return the message of an alert, preceded by its service if the message does not name it."""
    return alert.message if alert.service in alert.message else f"{alert.service}: {alert.message}"


def needing_action(report: Report) -> Iterable[ServiceReport]:
    """Return the services that need action."""
    return [service for service in report.services if service.needs_action]


def headline(report: Report) -> str:
    """Return the state of all services in one sentence."""
    count = len(list(needing_action(report)))
    if not report.services:
        return "The configuration holds no services."
    if not report.watched:
        return NOT_WATCHED
    if count:
        return f"{count} of {counted(len(report.services), 'service')} {'needs' if count == 1 else 'need'} action."
    return "No action is needed."
