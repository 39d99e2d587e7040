"""Metric families in Prometheus' text format, from the metrics of services and host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import ServiceConnectionState, ServiceStatus

__all__ = ["exposition"]

COUNTS = (
    ("calls", "total_calls", "Finished tool calls."),
    ("failed_calls", "failed_calls", "Failed tool calls."),
    ("slow_calls", "slow_calls", "Tool calls longer than slow_call_threshold."),
    ("checks", "total_checks", "Health checks."),
    ("failed_checks", "failed_checks", "Failed health checks."),
    ("restarts", "restarts", "Connections that were lost and opened again."),
)
GAUGES = (
    ("uptime_seconds", "uptime", 1.0, "Time since the connection was opened."),
    ("availability_ratio", "availability", 0.01, "Share of the time in which the service should run and was usable."),
    ("tools", "tools_count", 1.0, "Tools of the service."),
    ("active_calls", "active_calls", 1.0, "Tool calls in progress."),
    ("error_ratio", "error_rate", 1.0, "Share of failed tool calls in the last minutes."),
    ("check_duration_seconds", "response_time", 1.0, "Duration of the last answered health check."),
    ("consecutive_failures", "consecutive_failures", 1.0, "Consecutive failures."),
    ("cpu_ratio", "cpu_percent", 0.01, "CPU usage of the process tree, in processors."),
    ("memory_bytes", "memory_bytes", 1.0, "Memory usage of the process tree."),
    ("processes", "processes", 1.0, "Processes of the process tree."),
)
MACHINE = (
    ("cpu_ratio", "cpu_percent", 0.01, "Share of the processors in use."),
    ("memory_ratio", "memory_percent", 0.01, "Share of the memory in use."),
    ("disk_ratio", "disk_percent", 0.01, "Share of the disk in use."),
    ("manager_memory_bytes", "manager_memory_bytes", 1.0, "Memory usage of the manager."),
)
QUANTILES = (("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99"))


class _CollectedMetrics(Collector):
    """Collector of metrics that are already there."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        return self._metrics


def exposition(services: Sequence[ServiceMetrics], machine: HostMetrics | None) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        _CollectedMetrics([*_counts(services), *_gauges(services), *_tools(services), *_machine(machine)])
    )
    return generate_latest(registry)


def _counts(services: Sequence[ServiceMetrics]) -> Iterable[Metric]:
    for name, field, text in COUNTS:
        family = CounterMetricFamily(f"mcpstore_service_{name}", text, labels=["service"])
        for service in services:
            family.add_metric([service.service_name], service[field])
        yield family


def _gauges(services: Sequence[ServiceMetrics]) -> Iterable[Metric]:
    up = GaugeMetricFamily("mcpstore_service_up", "Whether the service is running.", labels=["service"])
    state = GaugeMetricFamily(
        "mcpstore_service_state", "1 for the current connection state.", labels=["service", "state"]
    )
    duration = GaugeMetricFamily(
        "mcpstore_service_call_duration_seconds",
        "Quantiles of the duration of tool calls in the last minutes.",
        labels=["service", "quantile"],
    )
    for service in services:
        up.add_metric([service.service_name], float(service.status is ServiceStatus.RUNNING))
        for value in ServiceConnectionState:
            state.add_metric([service.service_name, value.value], float(service.connection_state is value))
        for quantile, field in QUANTILES:
            duration.add_metric([service.service_name, quantile], service[field])
    yield from (up, state, duration)
    for name, field, scale, text in GAUGES:
        family = GaugeMetricFamily(f"mcpstore_service_{name}", text, labels=["service"])
        for service in services:
            if (value := service[field]) is not None:
                family.add_metric([service.service_name], value * scale)
        yield family


def _tools(services: Sequence[ServiceMetrics]) -> Iterable[Metric]:
    labels = ["service", "tool"]
    calls = CounterMetricFamily("mcpstore_tool_calls", "Finished calls of the tool.", labels=labels)
    failed = CounterMetricFamily("mcpstore_tool_failed_calls", "Failed calls of the tool.", labels=labels)
    seconds = CounterMetricFamily("mcpstore_tool_call_seconds", "Total duration of calls of the tool.", labels=labels)
    for service in services:
        for tool in service.tools:
            values = [service.service_name, tool.name]
            calls.add_metric(values, tool.total_calls)
            failed.add_metric(values, tool.failed_calls)
            seconds.add_metric(values, tool.avg_response_time * tool.total_calls)
    yield from (calls, failed, seconds)


def _machine(machine: HostMetrics | None) -> Iterable[Metric]:
    if machine is None:
        return
    for name, field, scale, text in MACHINE:
        yield GaugeMetricFamily(f"mcpstore_machine_{name}", text, value=machine[field] * scale)
