"""The dashboard as text: how every service fares now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mcpstore.models.alert import Alert
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import ServiceStatus
from mcpstore.monitoring.report.formatting import clean, duration, memory, milliseconds, percent, when
from mcpstore.monitoring.report.summary import alert_words

__all__ = ["board"]

WIDTH: Final = 60
SHOWN_ALERTS: Final = 5

MARKS: Final = {
    ServiceStatus.RUNNING: "✅",
    ServiceStatus.STARTING: "🔄",
    ServiceStatus.STOPPING: "🔄",
    ServiceStatus.STOPPED: "⏹️",
    ServiceStatus.NOT_STARTED: "⏹️",
    ServiceStatus.ERROR: "❌",
    ServiceStatus.UNKNOWN: "❓",
}


def board(services: Sequence[ServiceMetrics], alerts: Sequence[Alert], now: float) -> str:
    """Return the dashboard.

    Args:
        services: What was measured of each service.
        alerts: What people were told lately, oldest first.
        now: When this is, as a POSIX timestamp in seconds.
    """
    running = sum(1 for service in services if service.status is ServiceStatus.RUNNING)
    lines = [
        "=" * WIDTH,
        "📊 MCPStore dashboard",
        "=" * WIDTH,
        f"⏰ updated: {when(now)}",
        "",
        "🔍 overview:",
        f"   services: {len(services)}",
        f"   running: {running}",
        f"   tools: {sum(service.tools_count for service in services)}",
        "",
        "🔧 services:",
        "-" * 40,
    ]
    for service in services:
        lines += [*_service(service), ""]
    if alerts:
        lines += ["🚨 latest alerts:", "-" * 40]
        lines += [
            f"[{when(a.timestamp, since=now)}] {a.kind} {a.level}: {clean(alert_words(a))}"
            for a in alerts[-SHOWN_ALERTS:]
        ]
        lines.append("")
    return "\n".join(lines)


def _service(service: ServiceMetrics) -> Iterable[str]:
    yield f"{MARKS[service.status]} {clean(service.service_name)}"
    yield f"   status: {service.status} ({service.connection_state})"
    yield f"   tools: {service.tools_count}"
    yield f"   available: {percent(service.availability)}"
    yield f"   calls: {service.total_calls}, {percent(100 * service.error_rate)} failed lately"
    if service.p95:
        mean, most = milliseconds(service.avg_response_time), milliseconds(service.p95)
        yield f"   call time (last {duration(service.window)}): {mean}, 95 of 100 below {most}"
    if service.response_time is not None:
        yield f"   check time: {milliseconds(service.response_time / 1000)}"
    if service.memory_bytes is not None:
        yield f"   uses: {service.cpu_percent or 0:.1f} % of a processor, {memory(service.memory_bytes)}"
    if service.uptime:
        yield f"   up for: {duration(service.uptime)}"
    if service.last_error and service.status is not ServiceStatus.RUNNING:
        yield f"   last error: {clean(service.last_error)}"
