"""The dashboard as text: the current state of every service. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mcpstore.models.alert import Alert
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import ServiceStatus
from mcpstore.monitoring.report.formatting import clean, duration, memory, milliseconds, percent, when
from mcpstore.monitoring.report.summary import alert_words

__all__ = ["render_dashboard"]

WIDTH: Final = 60
SHOWN_ALERTS: Final = 5

STATUS_ICONS: Final = {
    ServiceStatus.RUNNING: "✅",
    ServiceStatus.STARTING: "🔄",
    ServiceStatus.STOPPING: "🔄",
    ServiceStatus.STOPPED: "⏹️",
    ServiceStatus.NOT_STARTED: "⏹️",
    ServiceStatus.ERROR: "❌",
    ServiceStatus.UNKNOWN: "❓",
}


def render_dashboard(services: Sequence[ServiceMetrics], alerts: Sequence[Alert], now: float) -> str:
    """Return the dashboard as text.

    Args:
        services: Metrics of each service.
        alerts: Latest alerts, oldest first.
        now: Current time, as a POSIX timestamp in seconds.
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
        lines += [*_service_lines(service), ""]
    if alerts:
        lines += ["🚨 latest alerts:", "-" * 40]
        lines += [
            f"[{when(a.timestamp, since=now)}] {a.kind} {a.level}: {clean(alert_words(a))}"
            for a in alerts[-SHOWN_ALERTS:]
        ]
        lines.append("")
    return "\n".join(lines)


def _service_lines(service: ServiceMetrics) -> Iterable[str]:
    yield f"{STATUS_ICONS[service.status]} {clean(service.service_name)}"
    yield f"   status: {service.status} ({service.connection_state})"
    yield f"   tools: {service.tools_count}"
    yield f"   availability: {percent(service.availability)}"
    yield f"   calls: {service.total_calls}, recent errors {percent(100 * service.error_rate)}"
    if service.p95:
        mean, p95 = milliseconds(service.avg_response_time), milliseconds(service.p95)
        yield f"   latency (last {duration(service.window)}): mean {mean}, P95 {p95}"
    if service.response_time is not None:
        yield f"   response time of checks: {milliseconds(service.response_time)}"
    if service.memory_bytes is not None:
        yield f"   CPU: {service.cpu_percent or 0:.1f} %, memory: {memory(service.memory_bytes)}"
    if service.uptime:
        yield f"   uptime: {duration(service.uptime)}"
    if service.last_error and service.status is not ServiceStatus.RUNNING:
        yield f"   last error: {clean(service.last_error)}"
