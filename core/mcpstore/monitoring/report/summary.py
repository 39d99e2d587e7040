"""What every form of a report says in the same words: facts in order, whatever they are written in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mcpstore.models.alert import Alert
from mcpstore.models.service import ServiceStatus
from mcpstore.models.text import counted
from mcpstore.monitoring.report.formatting import NOTHING, duration, memory, milliseconds, percent, when
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
    "period",
    "state_words",
    "summary",
    "to_do",
]

UNKNOWN: Final = "unknown"
"""The state of a service that nobody looks after."""

NOT_WATCHED: Final = "No manager is running: how the services are now, and what there is to do, is unknown."

COLUMNS: Final = ("service", "state", "available", "restarts", "calls", "errors", "p50", "p95", "p99", "CPU", "memory")


def period(report: Report) -> str:
    """Return the time a report tells of."""
    until = when(report.end, since=report.begin)
    return f"{when(report.begin)} to {until} ({duration(report.end - report.begin)})"


def summary(report: Report) -> list[tuple[str, str]]:
    """Return the figures of the whole fleet, each with its name."""
    running = sum(1 for life in report.services if life.status is ServiceStatus.RUNNING)
    fired = len({(alert.incident, alert.rule_name, alert.service) for alert in report.alerts})
    return [
        ("services running", f"{running if report.watched else 'unknown,'} of {len(report.services)}"),
        ("available", percent(report.availability)),
        ("calls", f"{report.calls:,}".replace(",", " ")),
        ("calls failed", percent(report.error_rate)),
        ("incidents", str(report.incidents)),
        ("alerts", f"{fired}, {len(report.active)} active" if report.active else str(fired)),
    ]


def cells(life: ServiceReport) -> list[str]:
    """Return the row of a service, one cell for each of `COLUMNS`."""
    measured = life.metrics
    cpu = measured.cpu_percent if measured is not None else None
    return [
        life.name,
        str(life.connection_state) if life.watched else UNKNOWN,
        percent(life.availability),
        str(life.restarts),
        str(life.calls),
        percent(life.error_rate),
        *map(milliseconds, (life.p50, life.p95, life.p99)),
        NOTHING if cpu is None else f"{cpu:.1f} %",
        memory(measured.memory_bytes if measured is not None else None),
    ]


def state_words(life: ServiceReport) -> list[tuple[str, str]]:
    """Return how long a service was in which state."""
    whole = sum(life.time_in.values()) or 1.0
    spent = [(kind, life.time_in[kind]) for kind in KINDS if kind in life.time_in]
    return [(kind, f"{duration(seconds)} ({percent(100 * seconds / whole)})") for kind, seconds in spent]


def incident_words(incident: Outage, report: Report) -> str:
    """Return an incident in words."""
    path = " → ".join(incident.states)
    lasted = duration(incident.duration)
    over = f"over after {lasted}" if incident.end is not None else f"not over after {lasted}"
    why = f" ({incident.error})" if incident.error else ""
    return f"{when(incident.begin, since=report.begin)}: {path}, {over}{why}"


def alert_words(alert: Alert) -> str:
    """Return what an alert says, with its service if it does not name it."""
    return alert.message if alert.service in alert.message else f"{alert.service}: {alert.message}"


def to_do(report: Report) -> Iterable[ServiceReport]:
    """Return the services that somebody should do something about."""
    return [life for life in report.services if life.needs_care]


def headline(report: Report) -> str:
    """Return the state of the fleet in one sentence."""
    ill = len(list(to_do(report)))
    if not report.services:
        return "There are no services."
    if not report.watched:
        return NOT_WATCHED
    if ill:
        verb = "needs" if ill == 1 else "need"
        return f"{counted(ill, 'service')} of {len(report.services)} {verb} somebody's care."
    return "Nothing needs to be done."
